/** Something the palette leads to. */
export interface PaletteEntry {
  id: string;
  label: string;
  /** What kind of thing it is, at the right. */
  hint: string;
  /** Also found by these words. */
  also?: string;
  run(): void;
}

const SHOWN_MAX = 50;

/** Those that fit what was typed, best first: the beginning of the name, of a word in it, anywhere, letters in order. */
export function chooseEntries(entries: readonly PaletteEntry[], typed: string): PaletteEntry[] {
  const wanted = typed.trim().toLowerCase();
  if (wanted === '') return entries.slice(0, SHOWN_MAX);
  return entries
    .map((entry, index) => ({ entry, index, rank: rankOf(entry, wanted) }))
    .filter(({ rank }) => rank !== null)
    .sort((one, other) => Number(one.rank) - Number(other.rank) || one.index - other.index)
    .slice(0, SHOWN_MAX)
    .map(({ entry }) => entry);
}

function rankOf({ label, also, hint }: PaletteEntry, wanted: string): number | null {
  const name = label.toLowerCase();
  if (name === wanted) return 0;
  if (name.startsWith(wanted)) return 1;
  if (name.split(/[\s_-]+/).some((word) => word.startsWith(wanted))) return 2;
  if (name.includes(wanted)) return 3;
  if (`${also ?? ''} ${hint}`.toLowerCase().includes(wanted)) return 4;
  return isSubsequence(wanted, name) ? 5 : null;
}

function isSubsequence(letters: string, text: string): boolean {
  let at = 0;
  for (const letter of letters) {
    at = text.indexOf(letter, at) + 1;
    if (at === 0) return false;
  }
  return true;
}
