import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { SecretBox } from '../auth/secret-box.ts';
import { DEFAULT_WORKSPACE } from '../domain/default-workspace.ts';
import type { ColdframeError } from '../errors/coldframe-error.ts';
import { removePackageTree } from '../packages/remove-package-tree.ts';
import { CatalogTestbed, SOURCE } from './testing/catalog-testbed.ts';

const bed = new CatalogTestbed();
const { create, stored } = bed;

describe('resolve', () => {
  test('unknown names, versions and workspaces have their own codes', async () => {
    await create();
    const codeOf = (workspaceId: string, ref: string) => {
      try {
        bed.catalog.resolve(workspaceId, ref);
        return 'ok';
      } catch (error) {
        return (error as ColdframeError).code;
      }
    };
    expect(codeOf('default', 'nope')).toBe('function_not_found');
    expect(codeOf('other', 'hello')).toBe('function_not_found');
    expect(codeOf('default', '__proto__')).toBe('function_not_found');
    expect(codeOf('default', 'hello:1')).toBe('version_not_found');
    expect(codeOf('default', 'hello:')).toBe('version_not_found');
  });

  test('a function whose package or master key is lost is failed, and a deploy mends it; others serve', async () => {
    const lost = await create();
    await create({ name: 'other', code: { source: `${SOURCE} // other` } });
    await create({ name: 'sealed', code: { source: `${SOURCE} // sealed` }, env: { A: { secret: 'x' } } });
    await removePackageTree(join(bed.dataDir, 'packages', 'default', lost.codeSha256));
    await bed.reopen({ secrets: new SecretBox([Buffer.alloc(32, 9)]) });
    for (const name of ['hello', 'sealed']) {
      expect(bed.catalog.get(DEFAULT_WORKSPACE, name).state).toBe('failed');
      expect(() => bed.catalog.resolve('default', name)).toThrow(
        expect.objectContaining({ code: 'function_not_ready' }),
      );
    }
    bed.catalog.resolve('default', 'other');
    const mended = await bed.catalog.putCode(DEFAULT_WORKSPACE, 'hello', { source: SOURCE });
    expect(mended).toMatchObject({ state: 'active', revision: lost.revision });
    expect(bed.catalog.resolve('default', 'hello').functionId).toBe(lost.id);
    await expect(bed.catalog.update(DEFAULT_WORKSPACE, 'sealed', { timeoutMs: 500 })).rejects.toMatchObject({
      code: 'invalid_settings',
    });
    await bed.catalog.update(DEFAULT_WORKSPACE, 'sealed', { env: { A: { secret: 'y' } } });
    expect(bed.catalog.resolve('default', 'sealed').env).toEqual({ A: 'y' });
  });
});

describe('draft', () => {
  test('unsaved code and settings run under a key of their own and change nothing', async () => {
    const view = await create({ env: { T: { secret: 'x' }, A: '1' } });
    const draft = await bed.catalog.draft(DEFAULT_WORKSPACE, 'hello', {
      code: { source: 'exports.handler = 2' },
      settings: { env: { A: '2' } },
    });
    expect(draft).toMatchObject({ functionId: view.id, env: { T: 'x', A: '2' } });
    expect(draft.key).not.toBe(bed.catalog.resolve('default', 'hello').key);
    expect(bed.catalog.get(DEFAULT_WORKSPACE, 'hello')).toEqual(view);
    await expect(
      bed.catalog.draft(DEFAULT_WORKSPACE, 'hello', { code: { source: '(' }, settings: null }),
    ).rejects.toMatchObject({
      code: 'syntax_error',
    });
  });

  test('a function not made yet needs code and a runtime', async () => {
    const code = { source: SOURCE };
    await expect(bed.catalog.draft(DEFAULT_WORKSPACE, 'new', { code, settings: null })).rejects.toMatchObject({
      code: 'function_not_found',
    });
    expect(await bed.catalog.draft(DEFAULT_WORKSPACE, 'new', { code, settings: { runtime: 'nodejs' } })).toMatchObject({
      functionName: 'new',
    });
    expect((await stored()).functions).toBe(0);
  });
});
