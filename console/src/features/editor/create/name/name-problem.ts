const NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;

/** Why no function can have that name; null when one can. */
export function nameProblem(name: string): string | null {
  return NAME.test(name) ? null : 'Letters, digits, - and _, beginning with a letter or digit; at most 64.';
}
