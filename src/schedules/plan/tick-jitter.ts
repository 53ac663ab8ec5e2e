/** How long a tick is put off: from 0 to `jitterMs`, the same whoever asks and whenever, so that no server runs it at another time. */
export function tickJitterMs(scheduleId: string, tickMs: number, jitterMs: number): number {
  if (jitterMs === 0) return 0;
  // FNV-1a over what names the tick: spread enough, and the same on every server.
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(`${scheduleId}/${tickMs}`)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return Math.floor((hash / 2 ** 32) * (jitterMs + 1));
}
