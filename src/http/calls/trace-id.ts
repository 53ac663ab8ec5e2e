/** X-Ray ids are under 256 bytes. A longer one is a caller's mistake and is not passed on. */
const TRACE_ID_MAX_CHARS = 256;

/** The trace id in a header's value. Null when there is none to pass on. */
export function traceIdOf(value: string | string[] | undefined): string | null {
  return typeof value === 'string' && value.length <= TRACE_ID_MAX_CHARS ? value : null;
}
