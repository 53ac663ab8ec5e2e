import { mkdtemp, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import { openSecretBox } from '../../auth/master-key.ts';
import { DEFAULT_WORKSPACE } from '../../domain/default-workspace.ts';
import type { Isolation } from '../../domain/names.ts';
import { ColdframeError } from '../../errors/coldframe-error.ts';
import { PackageStore } from '../../packages/package-store.ts';
import { removePackageTree } from '../../packages/remove-package-tree.ts';
import type { ControlStore } from '../../store/contract/control-store.ts';
import { openControlStore } from '../../store/open-control-store.ts';
import { keptLog } from '../../store/testing/temp-dir.ts';
import { Catalog, type CatalogOptions } from '../catalog.ts';
import type { CreateFunction } from '../catalog-input.ts';
import { CodeCheck } from '../code-check/code-check.ts';

export const SOURCE = 'export const handler = async (event) => ({ hello: event.name });';

/** A catalog over the real store and file system, fresh for each test of a file; only the host's isolations are made up. */
export class CatalogTestbed {
  dataDir = '';
  store!: ControlStore & { close(): Promise<void> };
  catalog!: Catalog;
  /** What listeners heard: function id and the key of its only live revision; null for one that is gone. */
  changes: [string, string | null][] = [];
  /** Strongest first, as an operator's order. */
  usable: Isolation[] = [];
  preparing: Isolation[] = [];
  readonly #codeCheck = new CodeCheck({ pythonFor: () => null });

  constructor() {
    beforeAll(async () => {
      this.dataDir = await mkdtemp(join(tmpdir(), 'coldframe-catalog-'));
      this.store = await openControlStore({ dataDir: this.dataDir, log: keptLog() });
    });
    beforeEach(async () => {
      this.usable = ['docker', 'bubblewrap', 'process'];
      this.preparing = [];
      await this.reopen();
    });
    afterEach(async () => {
      for (const { id, workspaceId } of await this.store.across.functions())
        await this.store.in(workspaceId).functions.remove(id);
      await removePackageTree(join(this.dataDir, 'packages'));
    });
    afterAll(async () => {
      await this.#codeCheck.stop();
      await this.store.close();
      await removePackageTree(this.dataDir);
    });
  }

  /** As a restart of the server would, with other parts where given. */
  async reopen(over: Partial<CatalogOptions> = {}): Promise<void> {
    const packages = new PackageStore({ dataDir: this.dataDir });
    await packages.start();
    const secrets = openSecretBox(this.dataDir, null);
    const codeCheck = this.#codeCheck;
    const isolations = this.#isolations;
    this.catalog = new Catalog({
      ...{ store: this.store, namedUrls: DEFAULT_WORKSPACE, packages, codeCheck, secrets, isolations },
      ...over,
    });
    await this.catalog.load();
    this.changes = [];
    this.catalog.onChange((functionId, live) =>
      this.changes.push([functionId, live?.revisions[0]?.target.key ?? null]),
    );
  }

  readonly create = (over: Partial<CreateFunction> = {}) =>
    this.catalog.create(DEFAULT_WORKSPACE, { name: 'hello', runtime: 'nodejs24', code: { source: SOURCE }, ...over });

  /** Stored functions, and folders in the packages that are no whole package. */
  readonly stored = async () => ({
    functions: (await this.store.across.functions()).length,
    staged: (await readdir(join(this.dataDir, 'packages', 'default')).catch(() => [])).filter((name) =>
      name.startsWith('.'),
    ),
  });

  readonly #isolations: CatalogOptions['isolations'] = {
    resolve: async (choice, runtime) => {
      const isolation = choice === 'auto' ? this.usable[0] : this.usable.find((one) => one === choice);
      if (!isolation) throw new ColdframeError('isolation_not_usable');
      if (runtime === 'python3.13') throw new ColdframeError('runtime_unavailable');
      const memoryMinMib = isolation === 'docker' ? 128 : 64;
      return { isolation, preparing: this.preparing.includes(isolation), memoryMinMib, networks: ['none'] };
    },
    newestRuntime: async (language) => (language === 'nodejs' ? 'nodejs24' : 'python3.11'),
  };
}
