import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { hasPendingKill } from './pending-kill.ts';

let child: ChildProcess;
beforeEach(async () => {
  child = spawn('sleep', ['60']);
  await new Promise((resolve) => child.once('spawn', resolve));
});
afterEach(async () => {
  const ended = new Promise((resolve) => child.once('exit', resolve));
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await ended;
});

it('a process that runs has no kill pending', () => {
  expect(hasPendingKill([process.pid, child.pid ?? 0])).toBe(false);
});

it('a signal pending that is no kill does not count', async () => {
  child.kill('SIGSTOP');
  // Until it has stopped, the next signal would end it instead of staying pending.
  await expect.poll(() => readFileSync(`/proc/${child.pid}/status`, 'latin1')).toMatch(/^State:\tT/m);
  child.kill('SIGTERM');
  child.kill('SIGUSR1');
  expect(hasPendingKill([child.pid ?? 0])).toBe(false);
});

it('a process that is no more has none pending', () => {
  expect(hasPendingKill([0, 2 ** 22 + 1])).toBe(false);
});
