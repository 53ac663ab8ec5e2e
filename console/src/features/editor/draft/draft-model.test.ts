import { expect, it, vi } from 'vitest';
import { type DeployedCode, DraftModel } from './draft-model.ts';

const BASE: DeployedCode = {
  revisionId: 'r1',
  revisionNumber: 1,
  codeSha256: 'one',
  files: { 'index.js': 'old', 'lib.js': 'lib' },
  binaryFiles: [],
  executableFiles: [],
  links: [],
};

it('starts as what is deployed, with a saved draft’s changes over it', () => {
  expect(new DraftModel(BASE).snapshot()).toMatchObject({ paths: ['index.js', 'lib.js'], isDirty: false });
  const draft = new DraftModel(BASE, { 'index.js': 'new', 'lib.js': null, 'more.js': '' });
  expect(draft.files()).toEqual({ 'index.js': 'new', 'more.js': '' });
  expect(draft.changes()).toEqual({ 'index.js': 'new', 'lib.js': null, 'more.js': '' });
});

it('typing tells only when a file becomes different or equal again, and every edit is heard', () => {
  const draft = new DraftModel(BASE);
  const seen = vi.fn();
  const edits = vi.fn();
  draft.subscribe(seen);
  draft.onEdit = edits;
  for (const text of ['a', 'ab', 'abc']) draft.type('index.js', text);
  expect([seen.mock.calls.length, edits.mock.calls.length]).toEqual([1, 3]);
  expect(draft.snapshot().dirtyPaths).toEqual(new Set(['index.js']));
  draft.type('index.js', 'old');
  expect([draft.snapshot().isDirty, draft.snapshot().epoch, seen.mock.calls.length]).toEqual([false, 0, 2]);
});

it('files are added, renamed and removed; typing into one that is gone brings nothing back', () => {
  const draft = new DraftModel(BASE);
  draft.put('a.js', 'a');
  draft.rename('lib.js', 'lib/one.js');
  draft.rename('absent.js', 'x.js');
  draft.remove('a.js');
  draft.type('a.js', 'late');
  expect(draft.changes()).toEqual({ 'lib.js': null, 'lib/one.js': 'lib' });
  expect(draft.snapshot().epoch).toBe(3);
});

it('a deploy of the draft makes it clean without touching texts; a rebase makes them anew', () => {
  const draft = new DraftModel(BASE, { 'index.js': 'new' });
  const deployed = { ...BASE, revisionId: 'r2', files: { 'index.js': 'new', 'lib.js': 'lib' } };
  draft.adopt(deployed);
  expect(draft.snapshot()).toMatchObject({ isDirty: false, epoch: 0 });
  draft.rebase({ ...BASE, revisionId: 'r3', files: { 'index.js': 'theirs' } }, { 'mine.js': 'm' });
  expect([draft.files(), draft.snapshot().epoch]).toEqual([{ 'index.js': 'theirs', 'mine.js': 'm' }, 1]);
});
