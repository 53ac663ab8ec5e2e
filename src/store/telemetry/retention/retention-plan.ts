/** What the records of one function take, output and captured bodies included. */
export interface FunctionVolume {
  workspaceId: string;
  functionId: string;
  bytes: number;
}

/** So much of one function's oldest records goes. */
export interface Loss {
  workspaceId: string;
  functionId: string;
  bytes: number;
}

/** Records keep at least this share of the database's limit, however much the rollups of many functions take. */
const RECORDS_SHARE = 0.5;

/**
 * What all records together may take, so that a database of `usedBytes` comes down to `limitBytes`. Everything that is no
 * record (rollups, indexes) has terms of its own, so it may push records back to their share and no further.
 */
export function recordsRoomBytes(usedBytes: number, recordBytes: number, limitBytes: number): number {
  const otherBytes = Math.max(0, usedBytes - recordBytes);
  return Math.max(limitBytes * RECORDS_SHARE, limitBytes - otherBytes);
}

/**
 * Who loses how much when all records must fit into `roomBytes`; most first, nobody when they fit already.
 *
 * The room is shared as water finds its level: whoever holds less than an equal part keeps everything, what it leaves is
 * shared by the others, and those above the level come down to it. So
 * 1. a function that holds no more than its equal part of the room loses nothing, whatever others hold;
 * 2. what is left fits, and no more is taken than has to be;
 * 3. whoever loses keeps at least as much as anybody who loses nothing.
 */
export function planLosses(volumes: readonly FunctionVolume[], roomBytes: number): Loss[] {
  const levelBytes = levelOf(volumes, roomBytes);
  return volumes
    .filter(({ bytes }) => bytes > levelBytes)
    .map((volume) => ({ ...volume, bytes: volume.bytes - levelBytes }))
    .sort((one, other) => other.bytes - one.bytes);
}

/** The most that one function may hold. Infinite when all fit. */
function levelOf(volumes: readonly FunctionVolume[], roomBytes: number): number {
  const smallestFirst = volumes.map(({ bytes }) => bytes).sort((one, other) => one - other);
  let leftBytes = roomBytes;
  for (const [index, bytes] of smallestFirst.entries()) {
    const partBytes = leftBytes / (smallestFirst.length - index);
    if (bytes > partBytes) return Math.floor(partBytes);
    leftBytes -= bytes;
  }
  return Number.POSITIVE_INFINITY;
}
