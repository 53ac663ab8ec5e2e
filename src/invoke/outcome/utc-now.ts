let lastMs = 0;
let lastText = '';

/** The time as RFC 3339 text. Calls within one millisecond share one text: a busy server makes many of them. */
export function utcNow(): string {
  const ms = Date.now();
  if (ms !== lastMs) {
    lastMs = ms;
    lastText = new Date(ms).toISOString();
  }
  return lastText;
}
