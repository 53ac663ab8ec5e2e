import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, it } from 'vitest';
import { languageOfFile } from '../../../../../src/domain/runtimes.ts';
import { guessHandler, mainFile } from './guess-handler.ts';

const TEMPLATES = resolve(import.meta.dirname, '../../../../../templates');

it('every template’s own handler is what its files say', () => {
  const guessed = readdirSync(TEMPLATES).map((template) => {
    const folder = join(TEMPLATES, template);
    const code = readdirSync(folder).filter((name) => /\.(mjs|py)$/.test(name));
    const files = Object.fromEntries(code.map((name) => [name, readFileSync(join(folder, name), 'utf8')]));
    return [template, guessHandler(files)];
  });
  expect(guessed.length).toBeGreaterThan(2);
  expect(guessed).toEqual(guessed.map(([template]) => [template, 'index.handler']));
});

it('other names of files and functions are found, the likeliest first', () => {
  expect(guessHandler({ 'lambda_function.py': 'import json\ndef lambda_handler(event, context):\n  pass\n' })).toBe(
    'lambda_function.lambda_handler',
  );
  expect(guessHandler({ 'notes.md': '#', 'pay.js': 'exports.price = 1;\nexports.handler = async () => 1;' })).toBe(
    'pay.handler',
  );
  expect(guessHandler({ 'z.js': 'export async function run() {}' })).toBe('z.run');
  expect(guessHandler({ 'z.js': 'const handler = 1;' })).toBe('z.handler');
  expect(guessHandler({ 'notes.md': '#' })).toBe('index.handler');
});

it('the language is that of the file it begins in', () => {
  expect(mainFile(['a.txt'])).toBeNull();
  expect(mainFile(['a.py', 'index.js', 'app.js'])).toBe('index.js');
  expect([languageOfFile('app.py'), languageOfFile('app.cjs')]).toEqual(['python', 'nodejs']);
});
