import { SandboxError } from '../../contract/sandbox-error.ts';
import { runTool } from '../../host/run-tool.ts';

/** A slow mirror needs minutes. A tool that takes longer than this is stuck. */
const DEADLINE_MS = 15 * 60_000;
/** Which Debian package a tool comes from. */
const PACKAGES: Record<string, string> = { mksquashfs: 'squashfs-tools', mmdebstrap: 'mmdebstrap', tar: 'tar' };

/**
 * Runs a tool that makes part of an image. Rejects with `storage_full` or `guest_image_failed` and the tool's last
 * output.
 */
export async function runBuildTool(command: string, args: string[], signal: AbortSignal): Promise<void> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(DEADLINE_MS)]);
  const { exitCode, stdout, stderr } = await runTool(command, args, limit);
  signal.throwIfAborted();
  if (exitCode === 0) return;
  if (/ENOENT/.test(stderr) && exitCode === null) {
    throw new SandboxError('guest_image_failed', `${command} is not installed (apt-get install ${PACKAGES[command]})`);
  }
  const reason = `${stderr}\n${stdout}`.trim().split('\n').slice(-4).join(' | ').slice(-800);
  const isFull = /No space left|ENOSPC|Disk quota/i.test(reason);
  throw new SandboxError(isFull ? 'storage_full' : 'guest_image_failed', `${command} failed: ${reason}`);
}
