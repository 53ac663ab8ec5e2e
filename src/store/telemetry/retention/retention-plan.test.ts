import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type FunctionVolume, planLosses, recordsRoomBytes } from './retention-plan.ts';

const ROOM_BYTES = fc.integer({ min: 0, max: 2 ** 31 });
const VOLUMES = fc
  .array(
    fc.oneof(fc.nat(1_000), fc.nat(2 ** 31)).map((bytes) => bytes + 1),
    { maxLength: 40 },
  )
  .map((all) => all.map((bytes, index) => volume(`function-${index}`, bytes)));

test('a function within its equal part of the room loses nothing, whatever others hold', () => {
  fc.assert(
    fc.property(VOLUMES, ROOM_BYTES, (volumes, roomBytes) => {
      const losers = new Set(planLosses(volumes, roomBytes).map(({ functionId }) => functionId));
      for (const { functionId, bytes } of volumes)
        if (bytes <= roomBytes / volumes.length) expect(losers).not.toContain(functionId);
    }),
  );
});

test('more records of one function take nothing from a function within its equal part', () => {
  fc.assert(
    fc.property(VOLUMES, ROOM_BYTES, fc.nat(2 ** 40), (others, roomBytes, floodBytes) => {
      const quiet = volume('quiet', Math.floor(roomBytes / (others.length + 2)));
      const lost = planLosses([quiet, volume('flood', floodBytes), ...others], roomBytes);
      expect(lost.map(({ functionId }) => functionId)).not.toContain('quiet');
    }),
  );
});

test('what is left fits, and no more goes than has to', () => {
  fc.assert(
    fc.property(VOLUMES, ROOM_BYTES, (volumes, roomBytes) => {
      const losses = planLosses(volumes, roomBytes);
      const leftBytes = sum(volumes) - sum(losses);
      expect(leftBytes).toBeLessThanOrEqual(Math.max(roomBytes, 0));
      if (losses.length === 0) expect(sum(volumes)).toBeLessThanOrEqual(roomBytes);
      // The level is a whole number of bytes, so each that comes down to it may lose a part of one byte too much.
      else expect(leftBytes).toBeGreaterThan(roomBytes - losses.length);
    }),
  );
});

test('whoever loses keeps at least as much as anybody who loses nothing, and the largest loses most and first', () => {
  fc.assert(
    fc.property(VOLUMES, ROOM_BYTES, (volumes, roomBytes) => {
      const losses = planLosses(volumes, roomBytes);
      const lost = new Map(losses.map(({ functionId, bytes }) => [functionId, bytes]));
      const left = volumes.map(({ functionId, bytes }) => ({ functionId, bytes: bytes - (lost.get(functionId) ?? 0) }));
      const untouched = left.filter(({ functionId }) => !lost.has(functionId)).map(({ bytes }) => bytes);
      for (const { functionId, bytes } of left)
        if (lost.has(functionId)) expect(bytes).toBeGreaterThanOrEqual(Math.max(-1, ...untouched) - 1);
      expect(losses.map(({ bytes }) => bytes)).toEqual([...lost.values()].sort((one, other) => other - one));
      if (losses.length > 0)
        expect(volumes.find(({ functionId }) => functionId === losses[0]!.functionId)!.bytes).toBe(
          Math.max(...volumes.map(({ bytes }) => bytes)),
        );
    }),
  );
});

test('records give way to the rest of the database down to half of the limit and no further', () => {
  expect(recordsRoomBytes(1_200, 900, 1_000)).toBe(700);
  expect(recordsRoomBytes(1_200, 400, 1_000)).toBe(500);
  expect(recordsRoomBytes(1_200, 1_300, 1_000)).toBe(1_000);
});

function volume(functionId: string, bytes: number): FunctionVolume {
  return { workspaceId: 'default', functionId, bytes };
}

function sum(volumes: readonly { bytes: number }[]): number {
  return volumes.reduce((total, { bytes }) => total + bytes, 0);
}
