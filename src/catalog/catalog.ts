import type { Readable } from 'node:stream';
import { isDeepStrictEqual } from 'node:util';
import type { FunctionRecord } from '../domain/function.ts';
import { NAME_PATTERN } from '../domain/limits.ts';
import type { LiveFunction } from '../domain/live-function.ts';
import type { Isolation } from '../domain/names.ts';
import { liveFunction } from '../domain/pointers.ts';
import type { InvokeCatalog, RunnableRevision } from '../domain/runnable-revision.ts';
import type { WorkspaceId } from '../domain/workspace-id.ts';
import { ColdframeError } from '../errors/coldframe-error.ts';
import { urlId } from '../ids/random-id.ts';
import { uuid7 } from '../ids/uuid7.ts';
import { type PackageText, readText, zipStream } from '../packages/package-files.ts';
import type { Change } from '../store/contract/changes.ts';
import type { ControlStore } from '../store/contract/control-store.ts';
import type { Follower } from '../store/feed/change-follower.ts';
import type { CodeInput, CreateFunction, ListFunctions, SettingsPatch, WriteOptions } from './catalog-input.ts';
import { FunctionQuota } from './changes/function-quota.ts';
import { checkIfMatch } from './changes/if-match.ts';
import { KeyedLock } from './changes/keyed-lock.ts';
import { type BuiltRevision, RevisionBuilder, type RevisionBuilderOptions } from './changes/revision-builder.ts';
import { type FunctionView, toFunctionView } from './function-view.ts';
import { RouteClaims } from './settings/route-claims.ts';
import { routeKey } from './settings/route-rules.ts';
import { CatalogEntries, type CatalogEntry, runnableEntry, toRunnable } from './view/catalog-entries.ts';
import { loadEntries } from './view/catalog-load.ts';
import { listFunctions } from './view/function-list.ts';

const NAME = new RegExp(NAME_PATTERN);

export interface CatalogOptions extends RevisionBuilderOptions {
  store: Pick<ControlStore, 'in' | 'across'>;
  /** The workspace of functions that are called by name alone on the function listener. */
  namedUrls: WorkspaceId;
  /** Resolves when memory holds what other servers have stored by now; default: there are none. */
  catchUp?(): Promise<void>;
  /** Most functions of one workspace. */
  functionsMax?: number;
  now?: () => Date;
}

/** Told after a change is stored and visible: what is live of the function now, or null when it is gone. Must not throw. */
export type ChangeListener = (functionId: string, live: LiveFunction | null) => void;

/**
 * The functions of this server. It deploys, changes and removes them, and answers from memory what they are now. A change is
 * written to the store first, then to memory, then listeners hear of it. A crash in between loses nothing, because memory is
 * loaded from the store. Each function changes once at a time; a change that is refused or fails leaves everything as it was.
 * An unchanged deploy makes no new revision, and neither does a change of the function's own settings. Calls in flight hold
 * their own revision, so no change touches them. What other servers store comes in by the change feed, and listeners hear of
 * it in the same way.
 */
export class Catalog implements InvokeCatalog, Follower {
  readonly #options: CatalogOptions;
  readonly #builder: RevisionBuilder;
  readonly #entries: CatalogEntries;
  readonly #locks = new KeyedLock();
  readonly #listeners = new Set<ChangeListener>();
  readonly #routes = new RouteClaims(() => this.#entries.urls.routes());
  readonly #quota: FunctionQuota;

  constructor(options: CatalogOptions) {
    this.#options = options;
    this.#entries = new CatalogEntries(options.namedUrls);
    this.#builder = new RevisionBuilder(options);
    this.#quota = new FunctionQuota(options.functionsMax, (workspaceId) => this.#entries.count(workspaceId));
  }

  /** Fills the memory view; before anything else. Returns functions that cannot be called, with the reason for the log. */
  async load(): Promise<{ name: string; problem: string }[]> {
    const entries = await loadEntries(await this.#options.store.across.functions(), this.#options);
    for (const entry of entries) this.#entries.set(entry);
    return entries.flatMap(({ record, problem }) => (problem === null ? [] : [{ name: record.name, problem }]));
  }

  /** Makes memory what the store says of one function, in turn with changes made here. */
  async apply({ workspaceId, id }: Pick<Change, 'workspaceId' | 'id'>): Promise<void> {
    const table = this.#options.store.in(workspaceId).functions;
    const name = this.#entries.byId(id)?.name ?? (await table.get(id))?.name;
    if (name === undefined) return;
    await this.#locks.run(`${workspaceId}/${name}`, async () => {
      const record = await table.get(id);
      const known = this.#entries.entryById(id);
      if (record === null) {
        if (known !== null) this.#drop(known);
        return;
      }
      if (known !== null && known.problem === null && isSame(known.record, record)) return;
      for (const entry of await loadEntries([record], this.#options)) this.#publish(entry);
    });
  }

  async reload(): Promise<void> {
    const known = this.#entries.all().map(({ record }) => record);
    const rows = new Map([...known, ...(await this.#options.store.across.functions())].map((row) => [row.id, row]));
    for (const row of rows.values()) await this.apply(row);
  }

  /** What the function listener asks, from memory. */
  get urls(): CatalogEntries['urls'] {
    return this.#entries.urls;
  }

  resolve(workspaceId: string, ref: string): RunnableRevision {
    return this.#entries.resolve(workspaceId, ref);
  }

  byId(functionId: string): FunctionRecord | null {
    return this.#entries.byId(functionId);
  }

  /** The live revisions of every function, by function id. The pool begins with them. */
  live(): [string, LiveFunction][] {
    return this.#entries.all().map((entry) => [entry.record.id, liveOf(entry)]);
  }

  get(workspaceId: WorkspaceId, name: string): FunctionView {
    return toFunctionView(this.#entry(workspaceId, name).record);
  }

  list(workspaceId: WorkspaceId, options: ListFunctions = {}): { items: FunctionView[]; nextCursor: string | null } {
    return listFunctions(this.#entries.inWorkspace(workspaceId), options);
  }

  /** Names by function id, in one pass. */
  names(workspaceId: WorkspaceId): Map<string, string> {
    return new Map(this.#entries.inWorkspace(workspaceId).map(({ record }) => [record.id, record.name]));
  }

  /** Throws `function_exists`, `quota_exceeded`, and whatever makes settings or code unacceptable. */
  async create(workspaceId: WorkspaceId, input: CreateFunction, options: WriteOptions = {}): Promise<FunctionView> {
    const { name } = input;
    checkName(name);
    await this.#options.catchUp?.();
    return await this.#locks.run(`${workspaceId}/${name}`, async () => {
      if (this.#entries.byName(workspaceId, name)) throw new ColdframeError('function_exists');
      return await this.#quota.withRoom(workspaceId, async () => {
        const id = uuid7();
        const at = this.#now();
        const built = await this.#builder.build({
          workspaceId,
          functionId: id,
          current: null,
          patch: input,
          code: input.code,
          at,
          ...options,
        });
        const record = {
          id,
          workspaceId,
          name,
          urlId: urlId(),
          state: built.state,
          createdAt: at,
          updatedAt: at,
          settings: built.settings,
          change: 1,
          revision: built.revision,
        };
        return await this.#routes.withFree(record, async () => {
          const { secretRows: secrets } = built;
          const routeKeys = record.settings.routes.map(routeKey);
          await this.#options.store.in(workspaceId).functions.insert({ ...record, at, secrets, routeKeys });
          return this.#publish(runnableEntry(record, built.env, built.code));
        });
      });
    });
  }

  /** JSON Merge Patch of the settings. Throws `function_not_found`, `function_changed`, and what `create` throws for settings. */
  async update(
    workspaceId: WorkspaceId,
    name: string,
    patch: SettingsPatch,
    options: WriteOptions = {},
  ): Promise<FunctionView> {
    return await this.#change(workspaceId, name, patch, null, options);
  }

  /** Replaces the code. Throws `function_not_found`, `function_changed`, and what `create` throws for code. */
  async putCode(
    workspaceId: WorkspaceId,
    name: string,
    code: CodeInput,
    options: WriteOptions = {},
  ): Promise<FunctionView> {
    return await this.#change(workspaceId, name, {}, code, options);
  }

  async getCode(workspaceId: WorkspaceId, name: string): Promise<PackageText & { codeSha256: string }> {
    const code = await this.#package(workspaceId, name);
    return { codeSha256: code.sha256, ...(await readText(code)) };
  }

  async getCodeZip(workspaceId: WorkspaceId, name: string): Promise<Readable> {
    return await zipStream(await this.#package(workspaceId, name));
  }

  /** Gone at once for new calls; calls in flight finish on the revision they hold, and its package stays for the grace time. */
  async remove(workspaceId: WorkspaceId, name: string, options: WriteOptions = {}): Promise<void> {
    await this.#options.catchUp?.();
    await this.#locks.run(`${workspaceId}/${name}`, async () => {
      const entry = this.#entry(workspaceId, name);
      checkIfMatch(entry.record, options.ifMatch);
      await this.#options.store.in(workspaceId).functions.remove(entry.record.id);
      this.#drop(entry);
    });
  }

  /**
   * A revision that is not stored, for `try`: the function's code and settings with these put over them. The function need
   * not exist when code and a runtime are given. Checked as a deploy is; its key fits no other sandbox.
   */
  async draft(
    workspaceId: WorkspaceId,
    name: string,
    { code, settings }: { code: CodeInput | null; settings: SettingsPatch | null },
    options: Pick<WriteOptions, 'signal'> = {},
  ): Promise<RunnableRevision> {
    const current = this.#entries.byName(workspaceId, name);
    if (!current) {
      checkName(name);
      if (code === null || settings?.runtime === undefined) throw new ColdframeError('function_not_found');
    }
    const id = current?.record.id ?? uuid7();
    const built = await this.#builder.build({
      workspaceId,
      functionId: id,
      current,
      patch: settings ?? {},
      code,
      at: this.#now(),
      ...options,
    });
    const runnable = toRunnable({ id, workspaceId, name, ...built }, built.env, built.code);
    return { ...runnable, key: `try:${built.revision.id}` };
  }

  /** An isolation has become usable: functions that waited for it are `active`. Safe to repeat. */
  async isolationReady(isolation: Isolation): Promise<void> {
    for (const { record } of this.#entries.all()) {
      if (record.state !== 'preparing' || record.revision.isolation !== isolation) continue;
      await this.#locks.run(`${record.workspaceId}/${record.name}`, async () => {
        const entry = this.#entries.entryById(record.id);
        if (entry?.record.state !== 'preparing' || entry.record.revision.isolation !== isolation) return;
        const at = this.#now();
        await this.#options.store.in(record.workspaceId).functions.setState(record.id, 'active', at);
        this.#publish({ ...entry, record: { ...entry.record, state: 'active', updatedAt: at } });
      });
    }
  }

  /** Returns the function that takes the listener off again. */
  onChange(listener: ChangeListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Of packages nobody names any more; call it now and then (see PackageStore.collect). Returns how many went. */
  async collectPackages(workspaceId: WorkspaceId): Promise<number> {
    return await this.#options.packages.collect(workspaceId, async () => [
      ...(await this.#options.store.in(workspaceId).functions.packageHashes()),
      ...this.#entries.inWorkspace(workspaceId).map(({ record }) => record.revision.codeSha256),
    ]);
  }

  async #change(
    workspaceId: WorkspaceId,
    name: string,
    patch: SettingsPatch,
    code: CodeInput | null,
    options: WriteOptions,
  ) {
    await this.#options.catchUp?.();
    return await this.#locks.run(`${workspaceId}/${name}`, async () => {
      const current = this.#entry(workspaceId, name);
      checkIfMatch(current.record, options.ifMatch);
      const { record } = current;
      const at = this.#now();
      const built = await this.#builder.build({
        workspaceId,
        functionId: record.id,
        current,
        patch,
        code,
        at,
        signal: options.signal,
      });
      const { settings, isSameRevision } = built;
      if (isSameRevision && isDeepStrictEqual(settings, record.settings)) return this.#keep(current, built);
      const over = { settings, change: record.change + 1, updatedAt: at };
      const next: FunctionRecord = isSameRevision
        ? { ...record, ...over, state: current.problem === null ? record.state : built.state }
        : { ...record, ...over, state: built.state, revision: built.revision };
      return await this.#routes.withFree(next, async () => {
        await this.#store(next, built);
        return this.#publish(runnableEntry(next, built.env, built.code));
      });
    });
  }

  async #store(next: FunctionRecord, built: BuiltRevision): Promise<void> {
    const { functions } = this.#options.store.in(next.workspaceId);
    const { id, settings, change, state, updatedAt: at, revision } = next;
    const write = { settings, routeKeys: settings.routes.map(routeKey), change, at };
    if (built.isSameRevision) await functions.setSettings(id, write);
    else await functions.addRevision(id, { ...write, revision, state, secrets: built.secretRows });
  }

  /** Nothing to store; a function whose package was lost can be called again now that its code is back. */
  #keep(current: CatalogEntry, built: BuiltRevision): FunctionView {
    if (current.problem === null) return toFunctionView(current.record);
    return this.#publish(runnableEntry({ ...current.record, state: built.state }, built.env, built.code));
  }

  #publish(entry: CatalogEntry): FunctionView {
    this.#entries.set(entry);
    this.#tell(entry.record.id, liveOf(entry));
    return toFunctionView(entry.record);
  }

  #drop(entry: CatalogEntry): void {
    this.#entries.delete(entry);
    this.#tell(entry.record.id, null);
  }

  #tell(functionId: string, live: LiveFunction | null): void {
    for (const listener of this.#listeners) listener(functionId, live);
  }

  async #package(workspaceId: WorkspaceId, name: string) {
    const { record } = this.#entry(workspaceId, name);
    const code = await this.#options.packages.open(workspaceId, record.revision.codeSha256);
    if (code) return code;
    throw new ColdframeError('function_not_ready', {
      publicMessage: 'The function’s code is missing: deploy it again.',
    });
  }

  #entry(workspaceId: WorkspaceId, name: string): CatalogEntry {
    const entry = this.#entries.byName(workspaceId, name);
    if (!entry) throw new ColdframeError('function_not_found');
    return entry;
  }

  #now(): string {
    return (this.#options.now?.() ?? new Date()).toISOString();
  }
}

function liveOf({ pointers, record }: CatalogEntry): LiveFunction {
  return liveFunction(pointers, record.settings);
}

function isSame(a: FunctionRecord, b: FunctionRecord): boolean {
  return a.change === b.change && a.state === b.state;
}

function checkName(name: string): void {
  if (NAME.test(name)) return;
  throw new ColdframeError('invalid_request', { errors: [{ path: '/name', message: `must match ${NAME_PATTERN}` }] });
}
