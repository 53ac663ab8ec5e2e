import { expect, it } from 'vitest';
import { BoundedStorage, type KeyValueStorage } from './bounded-storage.ts';

const BOUNDS = { prefix: 'd-', entriesMax: 3, entryMaxChars: 200, totalMaxChars: 300 };

function memory(): KeyValueStorage & { map: Map<string, string> } {
  const map = new Map<string, string>();
  return {
    map,
    get length() {
      return map.size;
    },
    key: (index) => [...map.keys()][index] ?? null,
    getItem: (key) => map.get(key) ?? null,
    setItem: (key, value) => void map.set(key, value),
    removeItem: (key) => void map.delete(key),
  };
}

it('what is saved is loaded by another page, and gone once removed', () => {
  const storage = memory();
  expect(new BoundedStorage(BOUNDS, storage).save('a', { n: 1 })).toBe('saved');
  const other = new BoundedStorage(BOUNDS, storage);
  expect(other.load('a')).toEqual({ n: 1 });
  expect(other.keys()).toEqual(['a']);
  other.remove('a');
  expect(other.load('a')).toBeNull();
});

it('the oldest make room, by count and by size, and foreign keys are left alone', () => {
  const storage = memory();
  storage.setItem('foreign', 'x'.repeat(1_000));
  let now = 0;
  const store = new BoundedStorage(BOUNDS, storage, () => ++now);
  for (const key of ['a', 'b', 'c', 'd']) store.save(key, key);
  expect([...storage.map.keys()]).toEqual(['foreign', 'd-b', 'd-c', 'd-d']);
  store.save('b', 'again');
  store.save('e', 'x'.repeat(170));
  expect([...storage.map.keys()]).not.toContain('d-c');
  expect(store.load('b')).toBe('again');
});

it('what is too large, or refused by the browser, is said and throws nothing', () => {
  const storage = memory();
  expect(new BoundedStorage(BOUNDS, storage).save('a', 'x'.repeat(300))).toBe('too_large');
  storage.setItem = () => {
    throw new DOMException('full', 'QuotaExceededError');
  };
  expect(new BoundedStorage(BOUNDS, storage).save('a', 1)).toBe('refused');
});

it('rubbish under its own keys is nothing saved', () => {
  const storage = memory();
  storage.setItem('d-a', '{oops');
  storage.setItem('d-b', 'null');
  const store = new BoundedStorage(BOUNDS, storage);
  expect([store.load('a'), store.load('b'), store.save('c', 1)]).toEqual([null, null, 'saved']);
});
