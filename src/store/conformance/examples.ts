import type { Comparison } from '../../domain/comparison.ts';
import type { Revision } from '../../domain/function.ts';
import type { FunctionSettings } from '../../domain/settings.ts';
import type { WorkspaceId } from '../../domain/workspace-id.ts';
import type { AddedRevision, KeyRow, NewFunction, SecretRow, SessionRow } from '../contract/control-store.ts';

export const AT = '2026-01-01T00:00:00.000Z';
export const SETTINGS = { description: 'é"', tags: { a: 'b' } } as unknown as FunctionSettings;
export const HERE = 'here' as WorkspaceId;
export const ELSEWHERE = 'elsewhere' as WorkspaceId;

export function newFunction(name: string, over: Partial<NewFunction> = {}): NewFunction {
  const id = `fn-${name}`;
  return {
    ...{ id, name, urlId: `url-${name}`, state: 'active', secrets: [], routeKeys: [], at: AT },
    settings: SETTINGS,
    revision: revision(id, 1),
    ...over,
  };
}

export function revision(functionId: string, number: number): Revision {
  return {
    ...{ id: `${functionId}-${number}`, functionId, workspaceId: HERE, number, createdAt: AT },
    ...{ codeSha256: 'c'.repeat(64), isolation: 'process' },
    settings: { handler: 'index.handler' } as unknown as Revision['settings'],
    env: { A: { plain: '1' }, B: { secretId: 's1' } },
  };
}

/** What a deploy makes of a function whose changes were `number - 1` deploys. */
export function added(functionId: string, number: number, over: Partial<AddedRevision> = {}): AddedRevision {
  return {
    ...{ revision: revision(functionId, number), settings: SETTINGS, change: number, state: 'active' },
    ...{ secrets: [], routeKeys: [], at: AT },
    ...over,
  };
}

export function secret(id: string, functionId: string): SecretRow {
  const [nonce, ciphertext] = [new Uint8Array([1, 2, 3]), new Uint8Array([4, 5, 255])];
  return { id, functionId, keyId: 'm1', nonce, ciphertext, createdAt: AT };
}

export function key(id: string): KeyRow {
  return {
    ...{ id, workspaceId: HERE, name: 'ci', scopes: ['deploy', 'invoke'], secretSha256: id.padEnd(64, '0') },
    ...{ createdAt: AT, lastUsedAt: null, expiresAt: '2099-01-01T00:00:00.000Z' },
  };
}

export function session(id: string): SessionRow {
  return {
    ...{ id, workspaceId: HERE, tokenSha256: `token of ${id}`, scopes: ['admin'], keyReference: 'k1' },
    ...{ createdAt: AT, expiresAt: AT },
  };
}

export function comparison(id: string, over: Partial<Comparison> = {}): Comparison {
  return {
    ...{ id, workspaceId: HERE, functionId: 'fn-hello', functionName: 'hello', revisionId: 'fn-hello-1' },
    ...{ runtime: 'nodejs24', state: 'running', count: 1, timeLimitMs: 1_000, callsDone: 0, callsTotal: 3 },
    ...{ createdAt: AT, finishedAt: null, isolations: [] },
    ...over,
  };
}
