/** An epoch is `e` and a base-36 number, so a shorter one is older, and epochs of equal length compare as text. */
export function isOlder(epoch: string, current: string): boolean {
  return epoch.length === current.length ? epoch < current : epoch.length < current.length;
}
