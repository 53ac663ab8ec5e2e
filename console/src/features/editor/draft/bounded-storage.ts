export interface StorageBounds {
  /** Begins each key. */
  prefix: string;
  entriesMax: number;
  entryMaxChars: number;
  totalMaxChars: number;
}

export type SaveResult = 'saved' | 'too_large' | 'refused';

interface Entry {
  at: number;
  value: unknown;
}

/** The part of localStorage that is used. */
export type KeyValueStorage = Pick<Storage, 'getItem' | 'setItem' | 'removeItem' | 'key' | 'length'>;

/**
 * Small values by key, kept in the browser across reloads, bounded: the oldest make room for a new one. Browsers may refuse
 * (private windows, full, switched off); then `refused` says so and nothing throws.
 */
export class BoundedStorage {
  readonly #bounds: StorageBounds;
  readonly #storage: KeyValueStorage;
  readonly #now: () => number;

  constructor(bounds: StorageBounds, storage: KeyValueStorage, now: () => number = Date.now) {
    this.#bounds = bounds;
    this.#storage = storage;
    this.#now = now;
  }

  /** Null when there is none or it cannot be read. */
  load(key: string): unknown {
    try {
      return this.#read(this.#bounds.prefix + key)?.value ?? null;
    } catch {
      return null;
    }
  }

  save(key: string, value: unknown): SaveResult {
    const name = this.#bounds.prefix + key;
    const text = JSON.stringify({ at: this.#now(), value } satisfies Entry);
    if (text.length > this.#bounds.entryMaxChars) return 'too_large';
    try {
      this.#makeRoom(name, text.length);
      this.#storage.setItem(name, text);
      return 'saved';
    } catch {
      return 'refused';
    }
  }

  /** What is kept now; empty where storage is switched off. */
  keys(): string[] {
    try {
      return this.#names().map((name) => name.slice(this.#bounds.prefix.length));
    } catch {
      return [];
    }
  }

  remove(key: string): void {
    try {
      this.#storage.removeItem(this.#bounds.prefix + key);
    } catch {
      // Where storage is switched off there is nothing to remove.
    }
  }

  #makeRoom(name: string, chars: number): void {
    const others = this.#entries().filter((one) => one.name !== name);
    let total = others.reduce((sum, one) => sum + one.chars, chars);
    let count = others.length + 1;
    for (const one of others.toSorted((a, b) => a.at - b.at)) {
      if (total <= this.#bounds.totalMaxChars && count <= this.#bounds.entriesMax) return;
      this.#storage.removeItem(one.name);
      total -= one.chars;
      count--;
    }
  }

  #entries(): { name: string; at: number; chars: number }[] {
    return this.#names().map((name) => ({
      name,
      at: this.#read(name)?.at ?? 0,
      chars: this.#storage.getItem(name)?.length ?? 0,
    }));
  }

  #names(): string[] {
    const names = Array.from({ length: this.#storage.length }, (_, index) => this.#storage.key(index) ?? '');
    return names.filter((name) => name.startsWith(this.#bounds.prefix));
  }

  #read(name: string): Entry | null {
    const text = this.#storage.getItem(name);
    if (text === null) return null;
    try {
      const entry = JSON.parse(text) as Partial<Entry> | null;
      return typeof entry?.at === 'number' ? { at: entry.at, value: entry.value } : null;
    } catch {
      return null;
    }
  }
}
