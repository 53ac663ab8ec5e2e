import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { beforeAll, expect, it } from 'vitest';
import { buildConsole } from '../../scripts/build-console.ts';

const FOLDER = resolve(import.meta.dirname, '../../dist/console');
const INITIAL_MAX_BYTES = 250 * 1024;

let html = '';
beforeAll(async () => {
  await buildConsole();
  html = readFileSync(join(FOLDER, 'index.html'), 'utf8');
});

it('what is loaded first is at most 250 KiB, compressed', () => {
  const names = [...html.matchAll(/(?:src|href)="(\/console\/[^"]+)"/g)].map(([, path]) => path ?? '');
  const sizes = names.map((name) => gzipSync(readFileSync(join(FOLDER, name)), { level: 9 }).length);
  const total = sizes.reduce((sum, size) => sum + size, gzipSync(html).length);
  expect(names.length).toBeGreaterThan(2);
  expect(total).toBeLessThanOrEqual(INITIAL_MAX_BYTES);
});

it('editor and charts are no part of it', () => {
  const [entry = ''] = [...html.matchAll(/src="(\/console\/index-[^"]+)"/g)].map(([, path]) => path ?? '');
  const text = readFileSync(join(FOLDER, entry), 'utf8');
  expect(text).not.toMatch(/cm-editor|CodeMirror|Chart\.js/);
});

it('nothing in it names another host to load from', () => {
  const texts = readdirSync(join(FOLDER, 'console'))
    .filter((name) => /\.(js|css)$/.test(name))
    .map((name) => readFileSync(join(FOLDER, 'console', name), 'utf8'));
  expect(texts.filter((text) => /(?:src|href)=\\?["']https?:|@import\s+url\(|url\(["']?https?:/.test(text))).toEqual(
    [],
  );
});
