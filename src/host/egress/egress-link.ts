import { SandboxError } from '../../contract/sandbox-error.ts';
import { runTool } from '../run-tool.ts';
import { REMOVE_NAMESPACE, UNLINK } from './link-script.ts';

/** A network namespace with a sandbox's end in it: an `eth0` with its address, or the TAP of a guest's card. */
export interface EgressPlace {
  readonly namespacePath: string;
  /**
   * Called after whatever was started in it has ended. Safe to repeat, and safe when the sandbox is already gone.
   * Rejects with a SandboxError when something is left.
   */
  detach(signal: AbortSignal): Promise<void>;
}

/** What a sandbox has of the network, and the way to take it away again. */
export interface EgressLink extends EgressPlace {
  /** The host's end. */
  readonly device: string;
  /** The sandbox's one IPv4 address (as /32), its way out and its resolver. */
  readonly address: string;
  readonly gateway: string;
  readonly dns: string;
}

export interface SandboxLinkOptions {
  device: string;
  address: string;
  gateway: string;
  table: string;
  namespacePath: string;
  /** Name of the namespace that was made for the sandbox. Null when the sandbox brought its own. */
  made: string | null;
  onGone: () => void;
}

export class SandboxLink implements EgressLink {
  readonly device: string;
  readonly address: string;
  readonly gateway: string;
  readonly dns: string;
  readonly namespacePath: string;
  readonly #options: SandboxLinkOptions;
  #gone = false;

  constructor(options: SandboxLinkOptions) {
    this.#options = options;
    this.device = options.device;
    this.address = options.address;
    this.gateway = options.gateway;
    this.dns = options.gateway;
    this.namespacePath = options.namespacePath;
  }

  async detach(signal: AbortSignal): Promise<void> {
    if (this.#gone) return;
    const { device, address, table, made, onGone } = this.#options;
    await undo(device, UNLINK, [device, address, table, made ?? ''], signal);
    this.#gone = true;
    onGone();
  }
}

/** The end of a guest that is linked to nothing. */
export class SpareTap implements EgressPlace {
  readonly namespacePath: string;
  readonly #namespace: string;

  constructor(namespace: string) {
    this.#namespace = namespace;
    this.namespacePath = namespacePathOf(namespace);
  }

  detach(signal: AbortSignal): Promise<void> {
    return undo(this.#namespace, REMOVE_NAMESPACE, [this.#namespace], signal);
  }
}

export function namespacePathOf(name: string): string {
  return `/run/netns/${name}`;
}

async function undo(what: string, script: string, args: string[], signal: AbortSignal): Promise<void> {
  const { exitCode, stderr } = await runTool('/bin/sh', ['-c', script, 'coldframe', ...args], signal);
  if (exitCode !== 0) throw new SandboxError('sandbox_start_failed', `link ${what} could not be removed: ${stderr}`);
}
