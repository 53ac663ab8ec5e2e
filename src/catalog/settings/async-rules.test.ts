import { describe, expect, test } from 'vitest';
import { defaultAsyncSettings } from '../../domain/async-settings.ts';
import { DEFAULT_WORKSPACE } from '../../domain/default-workspace.ts';
import type { AsyncInput } from '../catalog-input.ts';
import { CatalogTestbed } from '../testing/catalog-testbed.ts';

const bed = new CatalogTestbed();
const { create } = bed;
const update = (async: AsyncInput | { [K in keyof AsyncInput]: AsyncInput[K] | null } | null) =>
  bed.catalog.update(DEFAULT_WORKSPACE, 'hello', { async });

describe('asynchronous settings', () => {
  test('have their defaults when nothing is chosen, and merge by member', async () => {
    expect((await create()).async).toEqual(defaultAsyncSettings());
    await create({ name: 'sink' });
    const chosen = { maxAttempts: 5, onFailure: { function: 'sink' }, nonRetryable: ['CardDeclined'] };
    await update({ ...chosen, maxConcurrency: 7 });
    const view = await update({ backoffMs: 1_000, maxConcurrency: null, maxAttempts: null });
    expect(view.async).toEqual({ ...defaultAsyncSettings(), ...chosen, maxAttempts: 3, backoffMs: 1_000 });
    expect((await update({ onFailure: null })).async).not.toHaveProperty('onFailure');
    expect((await update(null)).async).toEqual(defaultAsyncSettings());
  });

  test('change without another revision, and are there after a restart', async () => {
    const first = await create();
    const { key } = bed.catalog.resolve(DEFAULT_WORKSPACE, 'hello');
    const view = await update({ maxAttempts: 1, onSuccess: { url: 'https://hooks.example/x' } });
    expect(view.revision).toEqual(first.revision);
    expect(view.etag).not.toBe(first.etag);
    expect(bed.catalog.resolve(DEFAULT_WORKSPACE, 'hello')).toMatchObject({
      key,
      functionSettings: { async: { maxAttempts: 1 } },
    });
    await bed.reopen();
    expect(bed.catalog.get(DEFAULT_WORKSPACE, 'hello')).toEqual(view);
  });

  test.each<[string, AsyncInput, string]>([
    ['no attempt', { maxAttempts: 0 }, '/async/maxAttempts'],
    ['an age of seconds', { maxAgeMs: 1_000 }, '/async/maxAgeMs'],
    ['a wait of days', { backoffMs: 86_400_000 }, '/async/backoffMs'],
    ['part of a call at once', { maxConcurrency: 0.5 }, '/async/maxConcurrency'],
    ['an error type without a name', { nonRetryable: [''] }, '/async/nonRetryable'],
    ['a hundred error types', { nonRetryable: Array.from({ length: 100 }, String) }, '/async/nonRetryable'],
    ['a destination that is nowhere', { onSuccess: {} }, '/async/onSuccess'],
    ['a destination that is two', { onSuccess: { function: 'a', url: 'https://a.example' } }, '/async/onSuccess'],
    ['an address that is none', { onFailure: { url: 'hooks.example' } }, '/async/onFailure'],
    ['an address of another kind', { onFailure: { url: 'file:///etc/passwd' } }, '/async/onFailure'],
    ['an address with a password', { onFailure: { url: 'https://a:b@hooks.example' } }, '/async/onFailure'],
    ['a version that is not there', { onFailure: { function: 'hello:7' } }, '/async/onFailure'],
    ['a name that is none', { onFailure: { function: '../hello' } }, '/async/onFailure'],
    ['a function that is not there', { onFailure: { function: 'nobody' } }, '/async/onFailure/function'],
    ['the function itself', { onSuccess: { function: 'hello' } }, '/async/onSuccess/function'],
  ])('refuse %s', async (_what, input, path) => {
    const before = await create();
    await expect(update(input)).rejects.toMatchObject({ code: 'invalid_settings', errors: [{ path }] });
    expect(bed.catalog.get(DEFAULT_WORKSPACE, 'hello')).toEqual(before);
    await expect(create({ name: 'other', async: input }).then(() => update(input))).rejects.toMatchObject({
      code: 'invalid_settings',
    });
  });

  test('keep a destination whose function went, so that other settings can still change', async () => {
    await create({ name: 'sink' });
    await create({ async: { onFailure: { function: 'sink' } } });
    await bed.catalog.remove(DEFAULT_WORKSPACE, 'sink');
    expect((await update({ maxAttempts: 2 })).async).toMatchObject({ maxAttempts: 2, onFailure: { function: 'sink' } });
  });
});
