import { describe, expect, test } from 'vitest';
import { DEFAULT_WORKSPACE } from '../../domain/default-workspace.ts';
import type { WorkspaceId } from '../../domain/workspace-id.ts';
import { CatalogTestbed } from '../testing/catalog-testbed.ts';

const bed = new CatalogTestbed();
const { create } = bed;

describe('list', () => {
  test('pages hold each function once, in order, found by name, description or tag', async () => {
    for (const name of ['b', 'a', 'c', 'd']) await create({ name, tags: name === 'c' ? { team: 'Payments' } : {} });
    const first = bed.catalog.list(DEFAULT_WORKSPACE, { limit: 3 });
    expect(first.items.map(({ name }) => name)).toEqual(['a', 'b', 'c']);
    await bed.catalog.remove(DEFAULT_WORKSPACE, 'c');
    const second = bed.catalog.list(DEFAULT_WORKSPACE, { limit: 3, cursor: first.nextCursor! });
    expect(second.items.map(({ name }) => name)).toEqual(['d']);
    expect(second.nextCursor).toBeNull();
    expect(bed.catalog.list(DEFAULT_WORKSPACE, { sort: '-createdAt', limit: 1 }).items[0]?.name).toBe('d');
    expect(bed.catalog.list(DEFAULT_WORKSPACE, { q: 'PAYM' }).items).toEqual([]);
    expect(bed.catalog.list('other' as WorkspaceId).items).toEqual([]);
  });

  test('a cursor of another order, rubbish, or an unknown order is refused', async () => {
    for (const name of ['a', 'b']) await create({ name });
    const { nextCursor } = bed.catalog.list(DEFAULT_WORKSPACE, { limit: 1 });
    for (const options of [
      { cursor: nextCursor!, sort: '-name' as const },
      { cursor: '%%' },
      { sort: 'size' as 'name' },
    ]) {
      expect(() => bed.catalog.list(DEFAULT_WORKSPACE, options)).toThrow(
        expect.objectContaining({ code: 'invalid_request' }),
      );
    }
  });
});
