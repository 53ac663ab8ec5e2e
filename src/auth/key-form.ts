/** As `secretToken` makes them: keys (`cf_`), sessions (`cfs_`), sign-in links (`cfl_`). */
const MADE_HERE = /(?<![A-Za-z0-9])cf[sl]?_[A-Za-z0-9_-]{43}/;
/** A key that people chose has no form of its own; these of its characters and its length are taken for one. */
const CHOSEN_PREFIX_CHARS = 4;

/**
 * Tells what looks like a secret of this server, whether it is one or not: who is told that something does learns of a key that was made
 * here nothing, and of an admin key that was chosen its length and its first four characters at most.
 */
export class KeyForm {
  readonly #chosenChars: number;
  readonly #chosenPrefix: string;

  /** Of the admin key only its form is kept. */
  constructor(adminKey: string) {
    this.#chosenChars = adminKey.length;
    this.#chosenPrefix = adminKey.slice(0, CHOSEN_PREFIX_CHARS);
  }

  /** Wherever in the text it stands. */
  isIn(text: string): boolean {
    return MADE_HERE.test(text) || text.split(/[\s,]+/).some((word) => this.#isLikeChosen(word));
  }

  #isLikeChosen(word: string): boolean {
    return word.length === this.#chosenChars && word.startsWith(this.#chosenPrefix);
  }
}
