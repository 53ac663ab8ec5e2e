import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { countPackages, progressText, showProgress } from './install-progress.mjs';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

it('at a terminal one line moves every second, and is gone at the end', () => {
  const written: string[] = [];
  let installed = 0;
  const look = () => {
    installed += 10;
    return { installed, total: 100 };
  };
  const stop = showProgress({ isTTY: true, write: (text) => written.push(text) }, look);
  vi.advanceTimersByTime(3_000);
  stop();
  vi.advanceTimersByTime(60_000);
  expect(written).toEqual([
    '\r\x1b[2KInstalling dependencies: 10 packages, about 10%, 0 s',
    '\r\x1b[2KInstalling dependencies: 20 packages, about 20%, 1 s',
    '\r\x1b[2KInstalling dependencies: 30 packages, about 30%, 2 s',
    '\r\x1b[2KInstalling dependencies: 40 packages, about 40%, 3 s',
    '\r\x1b[2K',
  ]);
});

it('in a log a line comes every ten seconds, without control characters', () => {
  const written: string[] = [];
  const stop = showProgress({ write: (text) => written.push(text) }, () => ({ installed: 5, total: 10 }));
  vi.advanceTimersByTime(25_000);
  stop();
  expect(written).toEqual([
    'Installing dependencies: 5 packages, about 50%, 10 s\n',
    'Installing dependencies: 5 packages, about 50%, 20 s\n',
  ]);
});

it('counts packages with and without a scope, and never says it is done', () => {
  const folder = mkdtempSync(join(tmpdir(), 'coldframe-progress-'));
  for (const name of ['a', '@s/b', '@s/c', '.bin']) mkdirSync(join(folder, name), { recursive: true });
  expect([countPackages(folder), countPackages(join(folder, 'absent'))]).toEqual([3, 0]);
  rmSync(folder, { recursive: true });
  expect(progressText({ elapsedMs: 0, installed: 120, total: 100 })).toContain('about 99%');
});
