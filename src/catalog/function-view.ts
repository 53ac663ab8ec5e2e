import type { FunctionRecord, StoredEnv } from '../domain/function.ts';
import type { FunctionState, Isolation } from '../domain/names.ts';
import { LATEST } from '../domain/pointers.ts';
import type { Settings } from '../domain/settings.ts';

/** A function as the API shows it. HTTP adds `url` from `urlId` and sends `etag` as the ETag header too. */
export interface FunctionView extends Settings {
  id: string;
  name: string;
  urlId: string;
  arn: string;
  /** Secrets read back as `{"secret": true}`. */
  env: Record<string, string | { secret: true }>;
  /** What the requested `isolation` came to at deploy. */
  effectiveIsolation: Isolation;
  state: FunctionState;
  codeSha256: string;
  revision: { id: string; number: number };
  version: typeof LATEST;
  etag: string;
  createdAt: string;
  updatedAt: string;
}

/** `arn:aws:lambda:local:000000000000:function:name`: the region and account of a Lambda on this machine, so ARN parsers work. */
export function functionArn(workspaceId: string, name: string): string {
  const account = workspaceId === 'default' ? '000000000000' : accountOf(workspaceId);
  return `arn:aws:lambda:local:${account}:function:${name}`;
}

/** A strong ETag: another one after every change, also where settings go back to what they were. */
export function etagOf({ revision, change }: FunctionRecord): string {
  return `"${revision.id}-${change}"`;
}

export function toFunctionView(record: FunctionRecord): FunctionView {
  const { revision } = record;
  return {
    id: record.id,
    name: record.name,
    urlId: record.urlId,
    arn: functionArn(record.workspaceId, record.name),
    ...revision.settings,
    ...record.settings,
    env: maskSecrets(revision.env),
    effectiveIsolation: revision.isolation,
    state: record.state,
    codeSha256: revision.codeSha256,
    revision: { id: revision.id, number: revision.number },
    version: LATEST,
    etag: etagOf(record),
    createdAt: record.createdAt,
    updatedAt: record.updatedAt,
  };
}

function maskSecrets(env: StoredEnv): FunctionView['env'] {
  const shown = Object.entries(env).map(([name, value]) => [name, 'plain' in value ? value.plain : { secret: true }]);
  return Object.fromEntries(shown) as FunctionView['env'];
}

const ACCOUNT_DIGITS = 12;

/** Twelve digits from the workspace id, as account numbers have; the id itself may hold characters an ARN may not. */
function accountOf(workspaceId: string): string {
  let hash = 14_695_981_039_346_656_037n;
  for (const byte of Buffer.from(workspaceId))
    hash = ((hash ^ BigInt(byte)) * 1_099_511_628_211n) & 0xffff_ffff_ffff_ffffn;
  return (hash % 10n ** BigInt(ACCOUNT_DIGITS)).toString().padStart(ACCOUNT_DIGITS, '0');
}
