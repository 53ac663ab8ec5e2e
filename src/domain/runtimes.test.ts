import { expect, test } from 'vitest';
import { LANGUAGE_TABLE, languageNamed, languageOfFile, RUNTIMES, runtimeOfVersion, runtimeRow } from './runtimes.ts';

test('a runtime is named by its language and its version', () => {
  for (const id of RUNTIMES) expect(`${runtimeRow(id).language}${runtimeRow(id).version}`).toBe(id);
});

test('a version belongs to the runtime it begins with, part by part', () => {
  expect(runtimeOfVersion('nodejs', '24.21.0')).toBe('nodejs24');
  expect(runtimeOfVersion('python', '3.11.2')).toBe('python3.11');
  expect(runtimeOfVersion('python', '3.11')).toBe('python3.11');
  for (const [language, version] of [
    ['python', '3.1'],
    ['python', '3.110'],
    ['nodejs', '2'],
    ['nodejs', '240.1'],
    ['nodejs', '3.11'],
  ] as const)
    expect(runtimeOfVersion(language, version)).toBeNull();
});

test('a name is a runtime, a bare language or nothing', () => {
  expect(['python3.13', 'python', 'nodejs', 'python3.1', 'pythonic', ''].map(languageNamed)).toEqual([
    'python',
    'python',
    'nodejs',
    null,
    null,
    null,
  ]);
});

test('a source file belongs to one language by its ending', () => {
  expect(['a/b.mjs', 'index.js', 'x.cjs', 'main.py', 'py', 'a.pyc', 'README.md'].map(languageOfFile)).toEqual([
    'nodejs',
    'nodejs',
    'nodejs',
    'python',
    null,
    null,
    null,
  ]);
  const endings = Object.values(LANGUAGE_TABLE).flatMap((one) => one.endings);
  expect(new Set(endings).size).toBe(endings.length);
});
