let text = '';
let atSecond = -1;

/** The time now as the `date` header has it; made once a second. */
export function httpDate(): string {
  const nowMs = Date.now();
  const second = Math.floor(nowMs / 1000);
  if (second !== atSecond) {
    atSecond = second;
    text = new Date(nowMs).toUTCString();
  }
  return text;
}
