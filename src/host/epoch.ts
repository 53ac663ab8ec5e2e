/** Epochs are `e` + a base-36 number, so shorter is older and equal lengths compare as text. */
export function isOlder(epoch: string, current: string): boolean {
  return epoch.length === current.length ? epoch < current : epoch.length < current.length;
}
