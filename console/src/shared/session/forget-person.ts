/** Begins the name of everything the console keeps in a browser. */
const OURS = 'coldframe-';
/** Says nothing about anybody, and is read before the first paint. */
const STAYS = 'coldframe-color-scheme';

type Keys = Pick<Storage, 'key' | 'length' | 'removeItem'>;

/** Removes what a person typed or chose here: drafts, events, choices. The colour scheme stays. */
export function forgetPerson(...storages: readonly Keys[]): void {
  for (const storage of storages) {
    const names = Array.from({ length: storage.length }, (_, index) => storage.key(index) ?? '');
    for (const name of names) if (name.startsWith(OURS) && name !== STAYS) storage.removeItem(name);
  }
}
