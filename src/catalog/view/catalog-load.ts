import type { FunctionRecord } from '../../domain/function.ts';
import type { WorkspaceId } from '../../domain/workspace-id.ts';
import type { PackageStore } from '../../packages/package-store.ts';
import type { ControlStore, SecretRow } from '../../store/contract/control-store.ts';
import type { SecretSealer } from '../secret-sealer.ts';
import { type CatalogEntry, runnableEntry } from './catalog-entries.ts';

const PACKAGES_AT_ONCE = 16;

export interface LoadSources {
  store: Pick<ControlStore, 'in' | 'across'>;
  packages: Pick<PackageStore, 'open'>;
  secrets: SecretSealer;
}

/** Stored functions as memory entries. One whose package or secret is lost is there as `failed`: the others must serve. */
export async function loadEntries(records: readonly FunctionRecord[], sources: LoadSources): Promise<CatalogEntry[]> {
  const rows = await secretRows(records, sources.store);
  const entries: CatalogEntry[] = [];
  for (let at = 0; at < records.length; at += PACKAGES_AT_ONCE) {
    const some = records.slice(at, at + PACKAGES_AT_ONCE);
    entries.push(...(await Promise.all(some.map((record) => loadEntry(record, rows, sources)))));
  }
  return entries;
}

async function secretRows(
  records: readonly FunctionRecord[],
  store: LoadSources['store'],
): Promise<Map<string, SecretRow>> {
  const idsOf = new Map<WorkspaceId, string[]>();
  for (const { workspaceId, revision } of records) {
    const ids = Object.values(revision.env).flatMap((value) => ('secretId' in value ? [value.secretId] : []));
    if (ids.length > 0) idsOf.set(workspaceId, [...(idsOf.get(workspaceId) ?? []), ...ids]);
  }
  const rows = new Map<string, SecretRow>();
  for (const [workspaceId, ids] of idsOf)
    for (const row of await store.in(workspaceId).secrets.get(ids)) rows.set(row.id, row);
  return rows;
}

async function loadEntry(
  record: FunctionRecord,
  rows: Map<string, SecretRow>,
  { packages, secrets }: LoadSources,
): Promise<CatalogEntry> {
  let env: Record<string, string>;
  try {
    env = decryptEnv(record, rows, secrets);
  } catch (error) {
    return failedEntry(record, {}, `a secret of its environment cannot be decrypted (${(error as Error).message})`);
  }
  const code = await packages.open(record.workspaceId, record.revision.codeSha256);
  if (!code) return failedEntry(record, env, 'its package is missing');
  return runnableEntry(record, env, code);
}

function failedEntry(record: FunctionRecord, env: Record<string, string>, problem: string): CatalogEntry {
  return { record: { ...record, state: 'failed' }, env, pointers: new Map(), problem };
}

function decryptEnv(
  record: FunctionRecord,
  rows: Map<string, SecretRow>,
  secrets: SecretSealer,
): Record<string, string> {
  const values = Object.entries(record.revision.env).map(([name, value]) => {
    if ('plain' in value) return [name, value.plain];
    const row = rows.get(value.secretId);
    if (!row) throw new Error('its row is missing');
    return [name, secrets.open(row, { secretId: row.id, functionId: record.id })];
  });
  return Object.fromEntries(values) as Record<string, string>;
}
