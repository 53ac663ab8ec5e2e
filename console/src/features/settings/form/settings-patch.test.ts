import { expect, it } from 'vitest';
import type { ColdframeFunction } from '../../../shared/api/types.ts';
import { plannedPatch } from './settings-patch.ts';
import { valuesOf } from './settings-values.ts';

const FN = {
  name: 'hello',
  runtime: 'nodejs24',
  description: '',
  handler: 'index.handler',
  timeoutMs: 3_000,
  initTimeoutMs: 10_000,
  queueTimeoutMs: 10_000,
  memoryMib: 128,
  cpus: 1,
  diskMib: 512,
  concurrencyPerSandbox: 1,
  maxConcurrency: 100,
  minWarm: 0,
  network: 'none',
  isolation: 'auto',
  capture: 'errors',
  routes: [{ method: 'GET', path: '/a' }],
  urlSettings: { auth: 'key', cors: { allowOrigins: ['https://a.example', 'https://b.example'] } },
  env: { STAGE: 'dev', TOKEN: { secret: true } },
  tags: { team: 'billing', stage: 'dev' },
} as unknown as ColdframeFunction;

it('nothing touched, or put back as it was, is no patch', () => {
  expect(plannedPatch({}, FN).patch).toEqual({});
  expect(plannedPatch(valuesOf(FN), FN).patch).toEqual({});
});

it('only what differs is sent; an emptied number goes back to its default', () => {
  const { patch } = plannedPatch(
    { timeoutMs: '500', memoryMib: '', cpus: '0.5', description: 'x', handler: 'index.handler' },
    FN,
  );
  expect(patch).toEqual({ timeoutMs: 500, memoryMib: null, cpus: 0.5, description: 'x' });
});

it('what is no number is said at its field and not sent', () => {
  const { patch, problems } = plannedPatch({ timeoutMs: 'soon' }, FN);
  expect([patch, [...problems.keys()]]).toEqual([{}, ['/timeoutMs']]);
});

it('access, cross-origin rules and routes are replaced as wholes, and rules can be taken away', () => {
  const { cors } = valuesOf(FN);
  expect(
    plannedPatch({ auth: 'none', cors: { ...cors, allowOrigins: '*', allowMethods: 'GET, PUT' } }, FN).patch,
  ).toEqual({
    url: { auth: 'none', cors: { allowOrigins: ['*'], allowMethods: ['GET', 'PUT'] } },
  });
  expect(plannedPatch({ cors: { ...cors, allowOrigins: ' \n' } }, FN).patch).toEqual({ url: { cors: null } });
  expect(plannedPatch({ routes: [] }, FN).patch).toEqual({ routes: [] });
});

it('a variable that others added while these were edited stays', () => {
  const rows = valuesOf(FN).env.map((row) => (row.name === 'STAGE' ? { ...row, value: 'live' } : row));
  const later = { ...FN, env: { ...FN.env, ADDED: 'elsewhere' } };
  expect(plannedPatch({ env: rows }, later, FN).patch).toEqual({ env: { STAGE: 'live' } });
});

it('tags merge by name: changed, added and removed ones are sent, and the runtime when it is another', () => {
  const rows = valuesOf(FN)
    .tags.filter(({ name }) => name !== 'stage')
    .map((row) => ({ ...row, value: 'shop' }))
    .concat({ key: 'n', name: 'cost centre', value: '7', kind: 'plain' });
  expect(plannedPatch({ tags: rows, runtime: 'nodejs24' }, FN).patch).toEqual({
    tags: { team: 'shop', stage: null, 'cost centre': '7' },
  });
  expect(plannedPatch({ runtime: 'python3.13' }, FN).patch).toEqual({ runtime: 'python3.13' });
});
