import { expect, it } from 'vitest';
import { codePayload } from './code-payload.ts';
import { type DeployedCode, DraftModel } from './draft-model.ts';

const BASE: DeployedCode = {
  revisionId: 'r1',
  revisionNumber: 1,
  codeSha256: 'one',
  files: { 'a.js': 'a', 'b.js': 'b' },
  binaryFiles: [],
  executableFiles: [],
  links: [],
};

it('code is sent whole', () => {
  expect(codePayload(new DraftModel(BASE, { 'a.js': 'new' }))).toEqual({ files: { 'a.js': 'new', 'b.js': 'b' } });
});

it('beside files the editor cannot show, and when there is much of it, only changes are sent', () => {
  const withImage = { ...BASE, binaryFiles: [{ path: 'icon.png', sizeBytes: 3 }] };
  expect(codePayload(new DraftModel(withImage, { 'a.js': 'new', 'b.js': null }))).toEqual({
    changes: { 'a.js': 'new', 'b.js': null },
  });
  const large = { ...BASE, files: { ...BASE.files, 'data.json': 'x'.repeat(600_000) } };
  expect(codePayload(new DraftModel(large, { 'a.js': 'new' }))).toEqual({ changes: { 'a.js': 'new' } });
});
