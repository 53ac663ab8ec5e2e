/** From and to are part of it; null is open. */
export interface VersionRange {
  from: string | null;
  to: string | null;
}

/** Pure: whether a version lies in the range; false for what is no version. What follows the third number is a build's own. */
export function inRange(version: string, { from, to }: VersionRange): boolean {
  const at = parts(version);
  if (at === null) return false;
  return (from === null || compare(at, parts(from)!) >= 0) && (to === null || compare(at, parts(to)!) <= 0);
}

/** A release candidate comes before its release. */
function parts(version: string): number[] | null {
  const match = /^v?(\d+)\.(\d+)(?:\.(\d+))?(?:-rc\.?(\d+))?/.exec(version.trim());
  if (match === null) return null;
  const [, major, minor, patch = '0', candidate] = match;
  return [
    Number(major),
    Number(minor),
    Number(patch),
    candidate === undefined ? Number.MAX_SAFE_INTEGER : Number(candidate),
  ];
}

function compare(left: number[], right: number[]): number {
  const at = left.findIndex((part, index) => part !== right[index]);
  return at === -1 ? 0 : left[at]! - right[at]!;
}
