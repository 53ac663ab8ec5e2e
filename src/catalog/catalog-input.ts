import type { EnvValue } from '../domain/function.ts';
import type { Capture, IsolationChoice, Language, Network, RuntimeId } from '../domain/names.ts';
import type { Cors, RouteSettings } from '../domain/settings.ts';

/**
 * What a caller may send, as HTTP hands it over: shapes are checked there (TypeBox), meaning here. `zipPath` is a raw
 * upload already on disk; the catalog reads it and leaves it to its owner to remove. `changes` are put over the code that is
 * deployed, null taking a file away.
 */
export type CodeInput =
  | { source: string }
  | { files: Record<string, string> }
  | { changes: Record<string, string | null> }
  | { zipPath: string };

/** Settings of a create; absent ones get their defaults. */
export interface SettingsInput {
  handler?: string;
  timeoutMs?: number;
  initTimeoutMs?: number;
  queueTimeoutMs?: number;
  memoryMib?: number;
  cpus?: number;
  concurrencyPerSandbox?: number;
  maxConcurrency?: number;
  minWarm?: number;
  diskMib?: number;
  network?: Network;
  isolation?: IsolationChoice;
  routes?: RouteSettings[];
  url?: { auth?: 'key' | 'none'; cors?: Cors };
  capture?: Capture;
  description?: string;
  tags?: Record<string, string>;
}

export interface CreateFunction extends SettingsInput {
  name: string;
  /** A bare language resolves to the newest runtime of it here. */
  runtime: RuntimeId | Language;
  code: CodeInput;
  env?: Record<string, EnvValue>;
}

/**
 * JSON Merge Patch (RFC 7396): null sets a setting back to its default and removes an env variable or tag; `env` and `tags`
 * merge by key, `url` by member, lists are replaced. `{"secret": true}` as an env value keeps the stored secret, so that
 * what GET returned can be sent back.
 */
export type SettingsPatch = {
  [K in keyof SettingsInput]?: K extends 'tags'
    ? Record<string, string | null> | null
    : K extends 'url'
      ? { auth?: 'key' | 'none' | null; cors?: Cors | null } | null
      : SettingsInput[K] | null;
} & {
  runtime?: RuntimeId | Language;
  env?: Record<string, EnvValue | { secret: true } | null> | null;
};

export interface WriteOptions {
  /** The If-Match header; null or `*` matches whatever is there (see checkIfMatch). */
  ifMatch?: string | null;
  signal?: AbortSignal;
}

export interface ListFunctions {
  /** 1 to 500; default 50. */
  limit?: number;
  cursor?: string;
  /** Case-insensitive part of name, description or a tag. */
  q?: string;
  sort?: 'name' | '-name' | 'createdAt' | '-createdAt' | 'updatedAt' | '-updatedAt';
}
