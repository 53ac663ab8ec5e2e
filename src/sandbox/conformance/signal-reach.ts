import { readFileSync } from 'node:fs';
import { processes } from './host-traces.ts';

/** The host's view of a process, as far as its signals go. */
export interface ProcessView {
  /** Real user on the host. */
  uid: number;
  /** How many PID namespaces, from that of /proc inwards, know the process: 1 when it shares ours. */
  pidNamespaces: number;
  processGroup: number;
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
  return mark;
};
`;

/**
 * Whether signals of a sandbox could reach whoever runs the suite: null when they cannot, else the reason for a skip. It looks
 * at the marked shell from outside, so it holds for every driver whatever the driver says. A shell that the host does not
 * see is in nobody's reach: it runs under another kernel, or it is hidden because its user is another one.
 */
export function whySignalsReachUs(mark: string): string | null {
  const shell = processes().find(({ cmdline }) => cmdline.includes(`sh ${mark}`));
  if (shell === undefined) return null;
  return whyReached(viewOf(shell.pid), ownView());
}

/** The rule itself, on what was seen of a process of the sandbox and of the one who runs the suite. */
export function whyReached(sandbox: ProcessView, runner: ProcessView): string | null {
  const isOwnUser = sandbox.uid !== runner.uid && sandbox.uid !== 0;
  if (isOwnUser) return null;
  if (sandbox.processGroup === runner.processGroup)
    return 'needs root: sandboxes here share the process group of whoever runs the tests, which a hostile function could kill';
  if (sandbox.pidNamespaces > runner.pidNamespaces) return null;
  return 'needs root: sandboxes here share the user and the PID namespace of whoever runs the tests, which a hostile function could kill';
}

function ownView(): ProcessView {
  return viewOf('self');
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
