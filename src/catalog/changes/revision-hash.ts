import { hash } from 'node:crypto';
import type { FunctionSettings, StoredEnv } from '../../domain/function.ts';
import type { Isolation } from '../../domain/names.ts';

/** The settings half of a revision: equal settings, environment (secrets by id) and isolation hash alike, in any key order. */
export function settingsHash(settings: FunctionSettings, env: StoredEnv, isolation: Isolation): string {
  return hash('sha256', stableJson({ settings, env, isolation }), 'hex');
}

function stableJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(stableJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  members.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${stableJson(member)}`).join(',')}}`;
}
