import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { whyReached, whySignalsReachUs } from './signal-reach.ts';

const RUNNER = { uid: 1000, pidNamespaces: 1, processGroup: 10 };
const cleanups: (() => unknown)[] = [];

afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

/** The shell of the innocent function, started without any sandbox. */
async function startShell(mark: string, isDetached: boolean): Promise<void> {
  const script = ['-c', 'echo ready; read end', 'sh', mark];
  const shell = spawn('/bin/sh', script, { stdio: ['pipe', 'pipe', 'ignore'], detached: isDetached });
  cleanups.push(() => shell.kill('SIGKILL'));
  await once(shell.stdout, 'data');
}

describe('hostile code is let in', () => {
  it('where the sandbox has a user of its own', () => {
    expect(whyReached({ uid: 700_001, pidNamespaces: 1, processGroup: 20 }, RUNNER)).toBeNull();
  });

  it('where the sandbox has a PID namespace and a process group of its own', () => {
    expect(whyReached({ uid: 1000, pidNamespaces: 2, processGroup: 20 }, RUNNER)).toBeNull();
  });

  it('where the host sees no such process', () => {
    expect(whySignalsReachUs(randomUUID())).toBeNull();
  });
});

describe('hostile code is refused, with a reason that names what is needed', () => {
  it.each([
    ['the same user in the same PID namespace', { uid: 1000, pidNamespaces: 1, processGroup: 20 }],
    ['the same process group, even from a PID namespace of its own', { uid: 1000, pidNamespaces: 2, processGroup: 10 }],
    ['root in the same PID namespace', { uid: 0, pidNamespaces: 1, processGroup: 20 }],
  ])('for %s', (_, sandbox) => {
    expect(whyReached(sandbox, RUNNER)).toMatch(/^needs root: /);
  });

  it.each([true, false])('for a plain child of the test runner (in a session of its own: %s)', async (isDetached) => {
    const mark = randomUUID();
    await startShell(mark, isDetached);
    expect(whySignalsReachUs(mark)).toMatch(/^needs root: /);
  });
});
