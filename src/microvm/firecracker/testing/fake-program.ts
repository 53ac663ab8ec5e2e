import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { GuestPort } from '../../guest-protocol.ts';
import type { Fault, PeerCall } from './firecracker-peer.ts';

export interface FakeScript {
  /** What `--version` prints. */
  version?: string;
  /** `METHOD /path` to what happens instead of an answer. */
  faults?: Record<string, Fault>;
  /** Ports the guest never dials. */
  silentPorts?: GuestPort[];
}

/** For tests alone: an executable that acts by `script`, and what it has seen. */
export class FakeProgram {
  readonly path: string;
  readonly #directory: string;

  constructor(directory: string, script: FakeScript = {}) {
    this.#directory = join(directory, 'script');
    mkdirSync(this.#directory);
    writeFileSync(join(this.#directory, 'script.json'), JSON.stringify(script));
    this.path = join(directory, 'firecracker');
    const program = join(import.meta.dirname, 'fake-firecracker.ts');
    const command = `exec '${process.execPath}' --disable-warning=ExperimentalWarning '${program}' --script '${this.#directory}' "$@"`;
    writeFileSync(this.path, `#!/bin/sh\n${command}\n`, { mode: 0o755 });
  }

  /** Every call so far, of all its processes. */
  get calls(): PeerCall[] {
    return this.#lines('calls').map((line) => JSON.parse(line) as PeerCall);
  }

  /** Whatever was not as the published description says. */
  get violations(): string[] {
    return this.#lines('violations');
  }

  #lines(name: string): string[] {
    return linesOf(join(this.#directory, name));
  }
}

/** Ports of the programs in `directory` whose connection has ended, whoever ended it; for one that another process made. */
export function readHangups(directory: string): string[] {
  return linesOf(join(directory, 'script', 'hangups'));
}

function linesOf(path: string): string[] {
  return existsSync(path) ? readFileSync(path, 'utf8').split('\n').filter(Boolean) : [];
}
