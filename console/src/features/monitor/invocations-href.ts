/** The address of the invocations that began within a time range. */
export function invocationsHref(functionName: string | null, fromMs: number, toMs: number): string {
  const path = functionName === null ? '/invocations' : `/functions/${encodeURIComponent(functionName)}/invocations`;
  const query = new URLSearchParams({ from: new Date(fromMs).toISOString(), to: new Date(toMs).toISOString() });
  return `${path}?${query}`;
}
