import { SandboxError } from '../../contract/sandbox-error.ts';
import { runTool } from '../linux/run-tool.ts';
import { UNLINK } from './link-script.ts';

/** What a sandbox has of the network, and the way to take it away again. */
export interface EgressLink {
  /** The host's end, or the tap. */
  readonly device: string;
  /** The sandbox's one IPv4 address (as /32), its way out and its resolver. */
  readonly address: string;
  readonly gateway: string;
  readonly dns: string;
  /** Path of the namespace made for it; null where it brought its own. */
  readonly namespacePath: string | null;
  /** Safe to repeat and after the sandbox has gone; rejects with a SandboxError when something is left. */
  detach(signal: AbortSignal): Promise<void>;
}

export interface SandboxLinkOptions {
  device: string;
  address: string;
  gateway: string;
  table: string;
  namespace: string | null;
  onGone: () => void;
}

export class SandboxLink implements EgressLink {
  readonly device: string;
  readonly address: string;
  readonly gateway: string;
  readonly dns: string;
  readonly namespacePath: string | null;
  readonly #options: SandboxLinkOptions;
  #gone = false;

  constructor(options: SandboxLinkOptions) {
    this.#options = options;
    this.device = options.device;
    this.address = options.address;
    this.gateway = options.gateway;
    this.dns = options.gateway;
    this.namespacePath = options.namespace === null ? null : `/run/netns/${options.namespace}`;
  }

  async detach(signal: AbortSignal): Promise<void> {
    if (this.#gone) return;
    const { device, address, table, namespace, onGone } = this.#options;
    const args = ['-c', UNLINK, 'coldframe', device, address, table, namespace ?? ''];
    const { exitCode, stderr } = await runTool('/bin/sh', args, signal);
    if (exitCode !== 0)
      throw new SandboxError('sandbox_start_failed', `link ${device} could not be removed: ${stderr}`);
    this.#gone = true;
    onGone();
  }
}
