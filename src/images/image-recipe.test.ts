import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type RecipeOptions, readRecipe } from './image-recipe.ts';

let runtimesDir: string;
let options: RecipeOptions;

beforeEach(() => {
  runtimesDir = mkdtempSync(join(tmpdir(), 'cf-recipe-'));
  mkdirSync(join(runtimesDir, 'node'));
  mkdirSync(join(runtimesDir, 'python/__pycache__'), { recursive: true });
  writeFileSync(join(runtimesDir, 'node/bootstrap.mjs'), 'one');
  writeFileSync(join(runtimesDir, 'python/bootstrap.py'), 'two');
  options = {
    nodePath: process.execPath,
    nodeVersion: '24.1.0',
    runtimesDir,
    baseImage: 'python:3.11-slim-bookworm',
    suite: 'bookworm',
  };
});

afterEach(() => {
  rmSync(runtimesDir, { recursive: true });
});

test('the same inputs give the same tag, wherever the folder lies', async () => {
  const first = await readRecipe(options);
  expect((await readRecipe(options)).reference).toBe(first.reference);
  expect(first.reference).toMatch(/^coldframe\/runtime:[0-9a-f]{16}$/);
});

test('a changed shim, another Node and another base each give another tag', async () => {
  const tags = new Set([(await readRecipe(options)).reference]);
  tags.add((await readRecipe({ ...options, nodeVersion: '24.2.0' })).reference);
  tags.add((await readRecipe({ ...options, baseImage: 'python:3.11' })).reference);
  tags.add((await readRecipe({ ...options, suite: 'trixie' })).reference);
  writeFileSync(join(runtimesDir, 'node/bootstrap.mjs'), 'one!');
  tags.add((await readRecipe(options)).reference);
  expect(tags.size).toBe(5);
});

test('moving a byte from one shim file to the next gives another tag', async () => {
  const before = (await readRecipe(options)).reference;
  writeFileSync(join(runtimesDir, 'node/bootstrap.mjs'), 'onet');
  writeFileSync(join(runtimesDir, 'python/bootstrap.py'), 'wo');
  expect((await readRecipe(options)).reference).not.toBe(before);
});

test('tests and compiled leftovers in the folder are not part of the image', async () => {
  const before = (await readRecipe(options)).reference;
  writeFileSync(join(runtimesDir, 'node/bootstrap.test.ts'), 'x');
  writeFileSync(join(runtimesDir, 'python/__pycache__/bootstrap.cpython-311.pyc'), 'x');
  const recipe = await readRecipe(options);
  expect(recipe.reference).toBe(before);
  expect(recipe.files.map((file) => file.name)).toEqual([
    'node',
    'hosts',
    'runtimes/node/bootstrap.mjs',
    'runtimes/python/bootstrap.py',
  ]);
});

test('the suite decides which Python is offered, the binary which Node; unknown suites are refused', async () => {
  expect((await readRecipe(options)).runtimes).toEqual(['nodejs24', 'python3.11']);
  expect((await readRecipe({ ...options, suite: 'trixie' })).runtimes).toEqual(['nodejs24', 'python3.13']);
  await expect(readRecipe({ ...options, suite: 'woody' })).rejects.toThrow('woody');
});

test('the Dockerfile verifies both interpreters before anything is called an image', async () => {
  const dockerfile = (await readRecipe(options)).dockerfile('some/base:1');
  expect(dockerfile).toContain('FROM some/base:1\n');
  expect(dockerfile).toContain('test "$(node --version)" = v24.1.0');
  expect(dockerfile).toContain('(3, 11)');
});

test('the image has the names, certificates and folders that sandboxes look for, under every base', async () => {
  const dockerfile = (await readRecipe(options)).dockerfile('some/base:1');
  expect(dockerfile).toContain('mkdir -p /var/task/lib /opt/lib ');
  expect(dockerfile).toContain('ln -sfn C.utf8 /usr/lib/locale/en_US.utf8');
  expect(dockerfile).toContain('ln -sfn /etc/ssl/certs/ca-certificates.crt /usr/lib/ssl/cert.pem');
});
