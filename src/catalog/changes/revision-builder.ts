import { isDeepStrictEqual } from 'node:util';
import type { PackageRef, Revision } from '../../domain/function.ts';
import { LIMITS } from '../../domain/limits.ts';
import {
  type FunctionState,
  ISOLATION_CHOICES,
  ISOLATIONS,
  type Isolation,
  LANGUAGES,
  RUNTIMES,
  type RuntimeId,
} from '../../domain/names.ts';
import { languageOf } from '../../domain/runtimes.ts';
import { type FunctionSettings, type RevisionSettings, type Settings, splitSettings } from '../../domain/settings.ts';
import type { WorkspaceId } from '../../domain/workspace-id.ts';
import { ColdframeError } from '../../errors/coldframe-error.ts';
import { uuid7 } from '../../ids/uuid7.ts';
import type { IsolationResolver, ResolvedIsolation } from '../../isolations/isolation-resolver.ts';
import type { PackageStore } from '../../packages/package-store.ts';
import type { SecretRow } from '../../store/contract/control-store.ts';
import type { CodeInput, SettingsInput, SettingsPatch } from '../catalog-input.ts';
import type { CodeCheck } from '../code-check/code-check.ts';
import { sourceFileName } from '../code-check/handler-file.ts';
import type { SecretSealer } from '../secret-sealer.ts';
import { type EnvPatch, mergeEnv } from '../settings/env-merge.ts';
import { defaultSettings, mergeSettings } from '../settings/settings-merge.ts';
import { checkAgainstIsolation, checkSettings } from '../settings/settings-rules.ts';
import type { CatalogEntry } from '../view/catalog-entries.ts';

export interface RevisionBuilderOptions {
  packages: PackageStore;
  codeCheck: Pick<CodeCheck, 'check'>;
  isolations: IsolationResolver;
  secrets: SecretSealer;
}

export interface BuildRequest {
  workspaceId: WorkspaceId;
  functionId: string;
  /** What the function is now; null for a new one. */
  current: CatalogEntry | null;
  patch: (SettingsInput | SettingsPatch) & { runtime?: string; env?: EnvPatch };
  /** Null keeps the current code. */
  code: CodeInput | null;
  /** RFC 3339. */
  at: string;
  signal?: AbortSignal;
}

/** Everything that a new revision takes, already checked. Only its package is stored yet. */
export interface BuiltRevision {
  revision: Revision;
  /** The function's own, whatever its revision. */
  settings: FunctionSettings;
  state: FunctionState;
  code: PackageRef;
  env: Record<string, string>;
  secretRows: SecretRow[];
  /** Code, settings, environment and isolation are those of the current revision: `revision` need not be stored. */
  isSameRevision: boolean;
}

/**
 * Turns a request into a revision, or refuses it. Cheap refusals come first. A refused or crashed build leaves one trace: a
 * package that no revision names, which the collector removes.
 */
export class RevisionBuilder {
  readonly #options: RevisionBuilderOptions;

  constructor(options: RevisionBuilderOptions) {
    this.#options = options;
  }

  async build(request: BuildRequest): Promise<BuiltRevision> {
    const { workspaceId, functionId, current, patch, at, signal } = request;
    const now = current?.record.revision ?? null;
    const runtime = await this.#runtimeFor(patch.runtime, now?.settings.runtime ?? null);
    const merged = mergeSettings(settingsOf(current) ?? defaultSettings(runtime), patch, runtime);
    checkSettings(merged);
    const { ofRevision: settings, ofFunction } = splitSettings(merged);
    const env = mergeEnv({ stored: now?.env ?? {}, plain: current?.env ?? {} }, patch.env, uuid7);
    const { isolation, isPreparing } = await this.#isolationFor(settings, now, current?.record.state ?? null);
    const code = await this.#codeFor(request, settings);
    const isSameCode = code.sha256 === now?.codeSha256;
    if (!isSameCode || settings.handler !== now?.settings.handler || runtime !== now.settings.runtime) {
      await this.#options.codeCheck.check(code, runtime, settings.handler, signal);
    }
    const revision: Revision = {
      id: uuid7(),
      functionId,
      workspaceId,
      number: (now?.number ?? 0) + 1,
      codeSha256: code.sha256,
      settings,
      env: env.stored,
      isolation,
      createdAt: at,
    };
    return {
      revision,
      settings: ofFunction,
      state: isPreparing ? 'preparing' : 'active',
      code,
      env: env.plain,
      secretRows: env.newSecrets.map(({ id, value }) => ({
        id,
        functionId,
        createdAt: at,
        ...this.#options.secrets.seal(value, { secretId: id, functionId }),
      })),
      isSameRevision: now !== null && isDeepStrictEqual(partsOf(revision), partsOf(now)),
    };
  }

  /** For a bare language: the function's present runtime when it is of that language, otherwise the newest one on this host. */
  async #runtimeFor(asked: string | undefined, now: RuntimeId | null): Promise<RuntimeId> {
    if (asked === undefined) {
      if (now === null)
        throw new ColdframeError('unknown_runtime', { errors: [{ path: '/runtime', message: 'is missing' }] });
      return now;
    }
    const runtime = RUNTIMES.find((one) => one === asked);
    if (runtime) return runtime;
    const language = LANGUAGES.find((one) => one === asked);
    if (!language) {
      const message = `takes one of ${[...RUNTIMES, ...LANGUAGES].join(', ')}`;
      throw new ColdframeError('unknown_runtime', { errors: [{ path: '/runtime', message }] });
    }
    if (now !== null && languageOf(now) === language) return now;
    const newest = await this.#options.isolations.newestRuntime(language);
    if (newest === null) throw new ColdframeError('runtime_unavailable');
    return newest;
  }

  /**
   * The isolation that the choice leads to on this host now. When the choice is the same as before and the host offers only a
   * weaker isolation or none, the stored one stays: a deploy never weakens a fence that nobody asked to weaken.
   */
  async #isolationFor(settings: RevisionSettings, now: Revision | null, state: FunctionState | null) {
    if (!ISOLATION_CHOICES.includes(settings.isolation)) {
      const message = `takes one of ${ISOLATION_CHOICES.join(', ')}`;
      throw new ColdframeError('unknown_isolation', { errors: [{ path: '/isolation', message }] });
    }
    const isKept =
      now !== null && now.settings.isolation === settings.isolation && now.settings.runtime === settings.runtime;
    if (!isKept)
      return this.#fit(
        settings,
        await this.#options.isolations.resolve(settings.isolation, settings.runtime, settings.network),
      );
    const resolved = await this.#resolveOrNull(settings);
    if (resolved && strength(resolved.isolation) >= strength(now.isolation)) return this.#fit(settings, resolved);
    return { isolation: now.isolation, isPreparing: state === 'preparing' };
  }

  #fit(settings: RevisionSettings, resolved: ResolvedIsolation): { isolation: Isolation; isPreparing: boolean } {
    checkAgainstIsolation(settings, resolved);
    return { isolation: resolved.isolation, isPreparing: resolved.preparing };
  }

  async #resolveOrNull(settings: RevisionSettings): Promise<ResolvedIsolation | null> {
    try {
      return await this.#options.isolations.resolve(settings.isolation, settings.runtime, settings.network);
    } catch (error) {
      if (error instanceof ColdframeError && error.entry.causedBy === 'user') return null;
      throw error;
    }
  }

  async #codeFor(
    { workspaceId, current, code, signal }: BuildRequest,
    settings: RevisionSettings,
  ): Promise<PackageRef> {
    const { packages } = this.#options;
    if (code === null) return await this.#deployedCode(workspaceId, current);
    if ('zipPath' in code) return await packages.putZip(workspaceId, code.zipPath, signal);
    if ('changes' in code) {
      checkSize(code.changes);
      return await packages.putChanges(await this.#deployedCode(workspaceId, current), code.changes, signal);
    }
    const files = 'source' in code ? { [sourceFileName(settings.runtime)]: code.source } : code.files;
    checkSize(files);
    return await packages.putFiles(workspaceId, files, signal);
  }

  async #deployedCode(workspaceId: string, current: CatalogEntry | null): Promise<PackageRef> {
    const sha256 = current?.record.revision.codeSha256;
    const there = sha256 === undefined ? null : await this.#options.packages.open(workspaceId, sha256);
    if (there) return there;
    throw new ColdframeError('function_not_ready', {
      publicMessage: 'The function’s code is missing: deploy it again.',
    });
  }
}

/** Two revisions are the same when these are equal. Secrets are compared by id. */
function partsOf({ codeSha256, settings, env, isolation }: Revision) {
  return { codeSha256, settings, env, isolation };
}

function settingsOf(entry: CatalogEntry | null): Settings | null {
  return entry && { ...entry.record.revision.settings, ...entry.record.settings };
}

function checkSize(files: Record<string, string | null>): void {
  const bytes = Object.entries(files).reduce(
    (sum, [path, text]) => sum + Buffer.byteLength(path) + Buffer.byteLength(text ?? ''),
    0,
  );
  if (bytes > LIMITS.codeJsonMaxBytes) throw new ColdframeError('payload_too_large');
}

function strength(isolation: Isolation): number {
  return ISOLATIONS.indexOf(isolation);
}
