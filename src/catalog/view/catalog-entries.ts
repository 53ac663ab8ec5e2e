import type { FunctionRecord, PackageRef } from '../../domain/function.ts';
import { follow, LATEST, type Pointers } from '../../domain/pointers.ts';
import type { InvokeCatalog, RunnableRevision } from '../../domain/runnable-revision.ts';
import { ColdframeError } from '../../errors/coldframe-error.ts';
import { functionArn } from '../function-view.ts';

/** A function in memory. `pointers` is empty when it cannot be called; `problem` then says why, for the log. */
export interface CatalogEntry {
  record: FunctionRecord;
  env: Record<string, string>;
  pointers: Pointers;
  problem: string | null;
}

export interface UrlTarget {
  target: RunnableRevision;
  urlId: string;
}

export interface RouteEntry {
  method: string;
  path: string;
  functionId: string;
}

/**
 * Every function, in memory. Admission, the function listener and lists read it. An answer is a map lookup of an object that
 * was built at deploy, so a call allocates nothing here. Only the catalog writes it, after the store has committed.
 */
export class CatalogEntries implements InvokeCatalog {
  readonly #namedUrls: string;
  readonly #workspaces = new Map<string, Map<string, CatalogEntry>>();
  readonly #byId = new Map<string, CatalogEntry>();
  readonly #byUrlId = new Map<string, CatalogEntry>();
  #routes: readonly RouteEntry[] | null = null;

  /** `namedUrls` is the workspace whose functions the function listener finds by name alone. */
  constructor(namedUrls: string) {
    this.#namedUrls = namedUrls;
  }

  resolve(workspaceId: string, ref: string): RunnableRevision {
    const colon = ref.indexOf(':');
    const entry = this.byName(workspaceId, colon === -1 ? ref : ref.slice(0, colon));
    if (entry === null) throw new ColdframeError('function_not_found');
    return runnableOf(entry, colon === -1 ? LATEST : ref.slice(colon + 1));
  }

  byId(functionId: string): FunctionRecord | null {
    return this.#byId.get(functionId)?.record ?? null;
  }

  entryById(functionId: string): CatalogEntry | null {
    return this.#byId.get(functionId) ?? null;
  }

  byName(workspaceId: string, name: string): CatalogEntry | null {
    return this.#workspaces.get(workspaceId)?.get(name) ?? null;
  }

  /** What the function listener asks; null when there is none, throws `function_not_ready` like `resolve`. */
  readonly urls = {
    byUrlId: (urlId: string): UrlTarget | null => urlTargetOf(this.#byUrlId.get(urlId)),
    byName: (name: string): UrlTarget | null => urlTargetOf(this.byName(this.#namedUrls, name)),
    byFunctionId: (functionId: string): UrlTarget | null => urlTargetOf(this.#byId.get(functionId)),
    routes: (): readonly RouteEntry[] => {
      this.#routes ??= [...this.#byId.values()].flatMap(({ record }) =>
        record.settings.routes.map(({ method, path }) => ({ method, path, functionId: record.id })),
      );
      return this.#routes;
    },
  };

  inWorkspace(workspaceId: string): CatalogEntry[] {
    return [...(this.#workspaces.get(workspaceId)?.values() ?? [])];
  }

  count(workspaceId: string): number {
    return this.#workspaces.get(workspaceId)?.size ?? 0;
  }

  all(): CatalogEntry[] {
    return [...this.#byId.values()];
  }

  set(entry: CatalogEntry): void {
    const { id, workspaceId, name, urlId } = entry.record;
    const names = this.#workspaces.get(workspaceId) ?? new Map<string, CatalogEntry>();
    this.#workspaces.set(workspaceId, names.set(name, entry));
    this.#byId.set(id, entry);
    this.#byUrlId.set(urlId, entry);
    this.#routes = null;
  }

  delete(entry: CatalogEntry): void {
    const { id, workspaceId, name, urlId } = entry.record;
    // The name may be another function's by now, made by another server.
    if (this.byName(workspaceId, name)?.record.id === id) this.#workspaces.get(workspaceId)?.delete(name);
    this.#byId.delete(id);
    this.#byUrlId.delete(urlId);
    this.#routes = null;
  }
}

/** The entry of a function that can be called. */
export function runnableEntry(record: FunctionRecord, env: Record<string, string>, code: PackageRef): CatalogEntry {
  const latest = {
    targets: [{ target: toRunnable(record, env, code), weight: 1 }],
    minWarm: record.settings.minWarm,
    isStocked: true,
  };
  return { record, env, pointers: new Map([[LATEST, latest]]), problem: null };
}

export function toRunnable(
  record: Pick<FunctionRecord, 'id' | 'workspaceId' | 'name' | 'settings' | 'revision'>,
  env: Record<string, string>,
  code: PackageRef,
): RunnableRevision {
  const { revision } = record;
  return {
    // The label is part of the key, because the code is told its version when it loads.
    key: `${revision.id}:${LATEST}`,
    workspaceId: record.workspaceId,
    functionId: record.id,
    functionName: record.name,
    version: LATEST,
    functionArn: functionArn(record.workspaceId, record.name),
    revision: { id: revision.id, codeSha256: revision.codeSha256, isolation: revision.isolation },
    settings: revision.settings,
    functionSettings: record.settings,
    env,
    package: code,
  };
}

function runnableOf(entry: CatalogEntry, qualifier: string): RunnableRevision {
  if (entry.pointers.size === 0) throw new ColdframeError('function_not_ready');
  const pointer = entry.pointers.get(qualifier);
  if (pointer === undefined) throw new ColdframeError('version_not_found');
  return follow(pointer, Math.random);
}

function urlTargetOf(entry: CatalogEntry | null | undefined): UrlTarget | null {
  return entry ? { target: runnableOf(entry, LATEST), urlId: entry.record.urlId } : null;
}
