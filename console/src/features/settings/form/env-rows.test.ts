import { expect, it } from 'vitest';
import { type EnvRow, envPatch, envProblems, envRows, tagProblems } from './env-rows.ts';

const BEFORE = { STAGE: 'dev', OLD: 'x', TOKEN: { secret: true as const }, KEY: { secret: true as const } };

function edited(change: (rows: EnvRow[]) => EnvRow[]): EnvRow[] {
  return change(envRows(BEFORE));
}

it('what was not touched is not in the patch, and secrets are never sent back', () => {
  expect(envPatch(envRows(BEFORE), BEFORE)).toEqual({});
});

it('changed, new and removed variables are, and a stored secret can be replaced or made plain', () => {
  const rows = edited((all) =>
    all
      .filter(({ name }) => name !== 'OLD')
      .map((row): EnvRow => {
        if (row.name === 'STAGE') return { ...row, value: 'live' };
        if (row.name === 'TOKEN') return { ...row, kind: 'secret', value: 'new' };
        return row.name === 'KEY' ? { ...row, kind: 'plain', value: 'seen' } : row;
      })
      .concat({ key: 'n1', name: 'MORE', value: '', kind: 'plain' }),
  );
  expect(envPatch(rows, BEFORE)).toEqual({
    STAGE: 'live',
    OLD: null,
    TOKEN: { secret: 'new' },
    KEY: 'seen',
    MORE: '',
  });
});

it('a plain variable can become a secret of the same value', () => {
  const rows = edited((all) => all.map((row): EnvRow => (row.name === 'STAGE' ? { ...row, kind: 'secret' } : row)));
  expect(envPatch(rows, BEFORE)).toEqual({ STAGE: { secret: 'dev' } });
});

it('names that cannot be are said at their row', () => {
  const row = (key: string, name: string): EnvRow => ({ key, name, value: '', kind: 'plain' });
  const problems = envProblems([row('a', ''), row('b', '1X'), row('c', 'OK'), row('d', 'OK')]);
  expect([...problems.keys()]).toEqual(['a', 'b', 'd']);
});

it('tags may be named as one likes, once each and within their bounds', () => {
  const row = (key: string, name: string, value = ''): EnvRow => ({ key, name, value, kind: 'plain' });
  const rows = [row('a', 'cost centre'), row('b', ''), row('c', 'x'.repeat(129)), row('d', 'team', 'y'.repeat(257))];
  expect([...tagProblems([...rows, row('e', 'cost centre')]).keys()]).toEqual(['b', 'c', 'd', 'e']);
});
