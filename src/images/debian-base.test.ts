import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { BootstrapAbsent, bootstrapDebian } from './debian-base.ts';

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'cf-base-'));
});

afterEach(() => {
  rmSync(directory, { recursive: true });
});

/** Stands in for mmdebstrap. */
function script(body: string): string {
  const path = join(directory, 'bootstrap');
  writeFileSync(path, `#!/bin/sh\n${body}\n`);
  chmodSync(path, 0o755);
  return path;
}

function run(command: string, signal = new AbortController().signal) {
  const fractions: number[] = [];
  const stream = bootstrapDebian({ suite: 'bookworm', signal, onProgress: (value) => fractions.push(value), command });
  return { stream, fractions };
}

test('what it writes comes through, and its messages become progress', async () => {
  const { stream, fractions } = run(script('echo "I: extracting archives..." >&2; sleep 0.05; printf tar'));
  expect(Buffer.concat((await stream.toArray()) as Buffer[]).toString()).toBe('tar');
  expect(fractions).toEqual([0.45]);
});

test('a failure after half the output fails the stream, so that nobody keeps half a system', async () => {
  const { stream } = run(script('printf half; echo "E: no space left" >&2; exit 25'));
  await expect(stream.toArray()).rejects.toThrow(/25.*no space left/);
});

test('without the program the error says so', async () => {
  const { stream } = run(join(directory, 'none'));
  await expect(stream.toArray()).rejects.toBeInstanceOf(BootstrapAbsent);
});

test('an abort ends the program, and an aborted signal never starts it', async () => {
  const control = new AbortController();
  const pidFile = join(directory, 'pid');
  const { stream } = run(script(`echo $$ > ${pidFile}; printf begun; exec sleep 60`), control.signal);
  const ended = expect(stream.toArray()).rejects.toThrow();
  await expect.poll(() => existsSync(pidFile) && readFileSync(pidFile, 'utf8').trim()).toMatch(/^\d+$/);
  const pid = Number(readFileSync(pidFile, 'utf8'));
  control.abort();
  await ended;
  expect(() => process.kill(pid, 0)).toThrow('ESRCH');
  rmSync(pidFile);
  await expect(run(script(`touch ${pidFile}`), control.signal).stream.toArray()).rejects.toThrow();
  expect(existsSync(pidFile)).toBe(false);
});

test('a reader that goes away ends the program too', async () => {
  const pidFile = join(directory, 'pid');
  const { stream } = run(script(`echo $$ > ${pidFile}; exec cat /dev/zero`));
  for await (const _ of stream) break;
  const pid = Number(readFileSync(pidFile, 'utf8'));
  await expect.poll(() => existsSync(`/proc/${pid}`)).toBe(false);
});
