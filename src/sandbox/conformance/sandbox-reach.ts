import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { processes } from './host-traces.ts';

/** The host's view of a process, as far as its signals go. */
export interface ProcessView {
  /** Real user on the host. */
  uid: number;
  /** How many PID namespaces, from that of /proc inwards, know the process: 1 when it shares ours. */
  pidNamespaces: number;
  processGroup: number;
}

/** What sandboxes of one driver on this host can reach of whoever runs the suite; null: nothing, else the reason for a skip. */
export interface SandboxReach {
  /** A hostile function's kills would reach our processes, and what it leaves running cannot be told from them. */
  processes: string | null;
  /** It sees our files by their own paths, as our own user. */
  files: string | null;
}

/** What the innocent function answers. */
export interface MarkedAnswer {
  mark: string;
  taskRoot: string;
}

/**
 * An innocent function. It leaves a shell that has `event.mark` in its command line and lives as long as its sandbox: a
 * process of user code that the host can look at before code that kills is let in.
 */
export const MARKED_SHELL = `
import { once } from 'node:events';
import { spawn } from 'node:child_process';

const shells = [];
export const handler = async ({ mark }) => {
  const shell = spawn('/bin/sh', ['-c', 'echo ready; read end', 'sh', mark], { stdio: ['pipe', 'pipe', 'ignore'] });
  shells.push(shell);
  await once(shell.stdout, 'data');
  return { mark, taskRoot: import.meta.dirname };
};
`;

/**
 * Looks at the marked shell from outside, so it holds for every driver whatever the driver says. A shell that the host
 * does not see is out of reach: it runs under another kernel, or it is hidden because its user is another one.
 */
export function reachOf({ mark, taskRoot }: MarkedAnswer): SandboxReach {
  const shell = processes().find(({ cmdline }) => cmdline.includes(`sh ${mark}`));
  if (shell === undefined) return { processes: null, files: null };
  const [sandbox, runner] = [viewOf(shell.pid), viewOf('self')];
  const isSeenHere = existsSync(join(taskRoot, 'index.mjs'));
  return { processes: whyProcessesAreReached(sandbox, runner), files: whyFilesAreReached(sandbox, runner, isSeenHere) };
}

/** The rule for processes, on what was seen of one of the sandbox and of the one who runs the suite. */
export function whyProcessesAreReached(sandbox: ProcessView, runner: ProcessView): string | null {
  if (hasOwnUser(sandbox, runner)) return null;
  if (sandbox.processGroup === runner.processGroup)
    return 'needs root: sandboxes share the user and the group of processes of the tests';
  if (sandbox.pidNamespaces > runner.pidNamespaces) return null;
  return 'needs root: sandboxes share the user and the PID namespace of the tests';
}

/** The rule for files; `isSeenHere` says that the sandbox knows its code by the host's own path. */
export function whyFilesAreReached(sandbox: ProcessView, runner: ProcessView, isSeenHere: boolean): string | null {
  if (hasOwnUser(sandbox, runner) || !isSeenHere) return null;
  return 'needs root: sandboxes share the user and the files of the tests';
}

function hasOwnUser(sandbox: ProcessView, runner: ProcessView): boolean {
  return sandbox.uid !== runner.uid && sandbox.uid !== 0;
}

function viewOf(pid: number | 'self'): ProcessView {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const uid = /^Uid:\s+(\d+)/m.exec(status)?.[1];
  const pids = /^NSpid:\s+(.*)$/m.exec(status)?.[1];
  // The name, in brackets, may hold anything; what follows the last bracket is state, parent, group.
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const group = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[2];
  if (uid === undefined || pids === undefined || group === undefined)
    throw new Error(`/proc says too little of process ${pid}`);
  return { uid: Number(uid), pidNamespaces: pids.trim().split(/\s+/).length, processGroup: Number(group) };
}
