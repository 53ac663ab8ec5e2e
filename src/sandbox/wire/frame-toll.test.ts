import { describe, expect, it } from 'vitest';
import {
  FRAME_CHARGE_BYTES,
  FrameToll,
  FULL_RATES_MAX,
  TOLL_BURST_BYTES,
  TOLL_BYTES_PER_SECOND,
} from './frame-toll.ts';
import { BODY_MAX_BYTES, FRAME } from './frame-type.ts';

function tollAt(): { toll: FrameToll; clock: { ms: number } } {
  const clock = { ms: 0 };
  return { toll: new FrameToll(() => clock.ms), clock };
}

/** How many frames are let in, one after the other, until one must wait. */
function admitted(toll: FrameToll, type: number = FRAME.log, metaBytes = 0, bodyBytes = 0): number {
  let count = 0;
  while (toll.admits(type, metaBytes, bodyBytes)) count += 1;
  return count;
}

describe('the price of frames', () => {
  it('lets one burst through, and then no more than its rate, however often it is asked', () => {
    const { toll, clock } = tollAt();
    expect(admitted(toll)).toBe(TOLL_BURST_BYTES / FRAME_CHARGE_BYTES);
    let later = 0;
    for (; clock.ms < 10_000; clock.ms += 5) later += admitted(toll);
    expect(later * FRAME_CHARGE_BYTES).toBeLessThanOrEqual(10 * TOLL_BYTES_PER_SECOND + FRAME_CHARGE_BYTES);
    expect(later * FRAME_CHARGE_BYTES).toBeGreaterThan(9.9 * TOLL_BYTES_PER_SECOND);
  });

  it('has earned what it waited for when the wait is over', () => {
    const { toll, clock } = tollAt();
    for (const bodyBytes of [0, 100_000, BODY_MAX_BYTES]) {
      admitted(toll, FRAME.log, 0, bodyBytes);
      clock.ms += toll.waitMs;
      expect(toll.admits(FRAME.log, 0, 0)).toBe(true);
    }
  });

  it('counts bytes of bodies and metas, but of chunks only the meta', () => {
    expect(admitted(tollAt().toll, FRAME.log, 0, 100_000)).toBe(11);
    expect(admitted(tollAt().toll, FRAME.chunk, 65_535, 0)).toBe(16);
    expect(admitted(tollAt().toll, FRAME.chunk, 0, 65_536)).toBe(TOLL_BURST_BYTES / FRAME_CHARGE_BYTES);
  });

  it('divides a bounded sum when many wait at once, and gives the whole rate back afterwards', () => {
    const many = Array.from({ length: 10 * FULL_RATES_MAX }, tollAt);
    for (const { toll } of many) {
      admitted(toll);
      toll.isWaiting = true;
    }
    let count = 0;
    for (let ms = 0; ms <= 1_000; ms += 5) {
      for (const { toll, clock } of many) {
        clock.ms = ms;
        count += admitted(toll);
      }
    }
    for (const { toll } of many) toll.isWaiting = false;
    const allowed = FULL_RATES_MAX * TOLL_BYTES_PER_SECOND + many.length * FRAME_CHARGE_BYTES;
    expect(count * FRAME_CHARGE_BYTES).toBeLessThanOrEqual(allowed);
    const { toll, clock } = tollAt();
    admitted(toll);
    clock.ms = 1_000;
    expect(admitted(toll)).toBe(TOLL_BURST_BYTES / FRAME_CHARGE_BYTES);
  });
});
