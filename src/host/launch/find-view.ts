import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { SandboxError } from '../../contract/sandbox-error.ts';
import { runTool, TOOL_DEADLINE_MS } from '../run-tool.ts';
import { removeTree } from '../slot/remove-tree.ts';
import { makeOwnView, type OwnView } from './own-view.ts';
import { viewed } from './viewed.ts';

const TRIAL_DISK_MIB = 1;
/** How much of a tool's output is kept, for our own log. */
const REASON_MAX_CHARS = 500;

/** `by` is null when this host lets us make no namespaces; `reason` is then the answer of the host. */
export type FoundView = { by: OwnView['by']; reason: null } | { by: null; reason: string };

/**
 * Tries for real whether plain-process sandboxes can have a view of their own here. A root server that has no uids to
 * give gets no view: its sandboxes would be root. Rejects when the signal aborts or the trial does not end; nothing is
 * known then.
 */
export async function findView(
  options: { epochDir: string; hasUids: boolean; serverDirs: string[] },
  signal: AbortSignal,
): Promise<FoundView> {
  const isRoot = process.getuid?.() === 0;
  if (isRoot && !options.hasUids) return { by: null, reason: 'the server is root and has no uids to give' };
  const by = isRoot ? 'root' : 'user';
  const limit = AbortSignal.any([signal, AbortSignal.timeout(TOOL_DEADLINE_MS)]);
  const slotDir = await mkdtemp(join(options.epochDir, '.view-'));
  try {
    const { serverDirs } = options;
    const view = await makeOwnView({ by, slotDir, serverDirs, keeps: [slotDir], diskMib: TRIAL_DISK_MIB });
    const [command = '', ...args] = viewed(view);
    const { exitCode, stderr } = await runTool(command, [...args, 'test', '-d', slotDir], limit);
    signal.throwIfAborted();
    // A host too busy to answer has not said no. The caller tries again.
    if (limit.aborted) throw new SandboxError('sandbox_start_failed', 'the trial of namespaces did not end in time');
    if (exitCode === 0) return { by, reason: null };
    return {
      by: null,
      reason: stderr.trim().slice(0, REASON_MAX_CHARS) || 'unshare and mount did not do what they should',
    };
  } finally {
    await removeTree(slotDir, AbortSignal.timeout(TOOL_DEADLINE_MS));
  }
}
