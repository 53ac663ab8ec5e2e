import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { reachOf, whyFilesAreReached, whyProcessesAreReached } from './sandbox-reach.ts';

const RUNNER = { uid: 1000, pidNamespaces: 1, processGroup: 10 };
const cleanups: (() => unknown)[] = [];

afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

/** The shell of the innocent function and its code, without any sandbox. */
async function answerWithoutSandbox(isDetached: boolean): Promise<{ mark: string; taskRoot: string }> {
  const mark = randomUUID();
  const taskRoot = mkdtempSync(join(tmpdir(), 'coldframe-reach-'));
  cleanups.push(() => rmSync(taskRoot, { recursive: true }));
  writeFileSync(join(taskRoot, 'index.mjs'), '');
  const script = ['-c', 'echo ready; read end', 'sh', mark];
  const shell = spawn('/bin/sh', script, { stdio: ['pipe', 'pipe', 'ignore'], detached: isDetached });
  cleanups.push(() => shell.kill('SIGKILL'));
  await once(shell.stdout, 'data');
  return { mark, taskRoot };
}

describe('hostile code is let in', () => {
  it('where the sandbox has a user of its own', () => {
    const sandbox = { uid: 700_001, pidNamespaces: 1, processGroup: 20 };
    expect(whyProcessesAreReached(sandbox, RUNNER)).toBeNull();
    expect(whyFilesAreReached(sandbox, RUNNER, true)).toBeNull();
  });

  it('where the sandbox has a PID namespace and a process group of its own', () => {
    expect(whyProcessesAreReached({ uid: 1000, pidNamespaces: 2, processGroup: 20 }, RUNNER)).toBeNull();
  });

  it('where the host sees no such process', () => {
    expect(reachOf({ mark: randomUUID(), taskRoot: '/var/task' })).toEqual({ processes: null, files: null });
  });
});

describe('hostile code is refused, with a reason that names what is needed', () => {
  it.each([
    ['the same user in the same PID namespace', { uid: 1000, pidNamespaces: 1, processGroup: 20 }],
    ['the same process group, even from a PID namespace of its own', { uid: 1000, pidNamespaces: 2, processGroup: 10 }],
    ['root in the same PID namespace', { uid: 0, pidNamespaces: 1, processGroup: 20 }],
  ])('for %s', (_, sandbox) => {
    expect(whyProcessesAreReached(sandbox, RUNNER)).toMatch(/^needs root: /);
  });

  it.each([true, false])('for a plain child of the test runner (in a session of its own: %s)', async (isDetached) => {
    const reach = reachOf(await answerWithoutSandbox(isDetached));
    expect(reach.processes).toMatch(/^needs root: sandboxes share the/);
    expect(reach.files).toMatch(/^needs root: .*files/);
  });
});

describe('code that changes files', () => {
  it('is let in where the sandbox knows its code by a path that is not the host’s', () => {
    expect(whyFilesAreReached({ uid: 1000, pidNamespaces: 2, processGroup: 20 }, RUNNER, false)).toBeNull();
  });
});
