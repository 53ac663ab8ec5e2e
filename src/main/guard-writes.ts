import { ColdframeError } from '../errors/coldframe-error.ts';

/** The same object, but its writes are refused with `storage_full` while the disk is full. */
export function guardWrites<T extends object>(
  target: T,
  writes: readonly (keyof T)[],
  disk: { readonly isFull: boolean },
): T {
  return new Proxy(target, {
    get(object, name) {
      const value: unknown = Reflect.get(object, name, object);
      if (typeof value !== 'function') return value;
      if (!writes.includes(name as keyof T)) return value.bind(object);
      return async (...args: unknown[]) => {
        if (disk.isFull) throw new ColdframeError('storage_full');
        return value.apply(object, args);
      };
    },
  });
}
