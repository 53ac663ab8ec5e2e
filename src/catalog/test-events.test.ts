import { describe, expect, test } from 'vitest';
import { DEFAULT_WORKSPACE } from '../domain/default-workspace.ts';
import { TestEvents } from './test-events.ts';
import { CatalogTestbed } from './testing/catalog-testbed.ts';

const bed = new CatalogTestbed();
const { create } = bed;

describe('test events', () => {
  test('an event is kept exactly as sent and goes with its function', async () => {
    await create();
    const events = new TestEvents({ functions: bed.catalog, store: bed.store });
    const text = '{ "__proto__": {"a": 1},  "n": 1e2 }';
    expect(await events.put(DEFAULT_WORKSPACE, 'hello', 'one', text)).toEqual({ created: true });
    expect(await events.put(DEFAULT_WORKSPACE, 'hello', 'one', text)).toEqual({ created: false });
    expect((await events.get(DEFAULT_WORKSPACE, 'hello', 'one')).event).toBe(text);
    await expect(events.put(DEFAULT_WORKSPACE, 'hello', 'bad name', '1')).rejects.toMatchObject({
      code: 'invalid_request',
    });
    await expect(events.put(DEFAULT_WORKSPACE, 'hello', 'two', '{')).rejects.toMatchObject({ code: 'invalid_json' });
    const large = `"${'x'.repeat(6 * 1024 * 1024)}"`;
    await expect(events.put(DEFAULT_WORKSPACE, 'hello', 'two', large)).rejects.toMatchObject({
      code: 'payload_too_large',
    });
    await expect(events.get(DEFAULT_WORKSPACE, 'hello', 'two')).rejects.toMatchObject({ code: 'test_event_not_found' });
    await expect(events.list(DEFAULT_WORKSPACE, 'nope')).rejects.toMatchObject({ code: 'function_not_found' });
    expect(await events.list(DEFAULT_WORKSPACE, 'hello')).toHaveLength(1);
    await events.remove(DEFAULT_WORKSPACE, 'hello', 'one');
    await expect(events.remove(DEFAULT_WORKSPACE, 'hello', 'one')).rejects.toMatchObject({
      code: 'test_event_not_found',
    });
  });
});
