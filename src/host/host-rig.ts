import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { HostContext } from '../contract/host-context.ts';
import { CgroupTree } from './cgroup/cgroup.ts';
import { pidsOfUid, UidPool } from './launch/uid-pool.ts';
import { HostRuntimes } from './runtimes/host-runtimes.ts';
import { removeTree } from './slot/remove-tree.ts';
import { SlotTree } from './slot/slot-tree.ts';

const UID_RANGE = { first: 700_000, count: 2_000 };
const CLOSE_DEADLINE_MS = 10_000;

/** For tests: everything a driver of this host takes, with an instance and run directory of its own. */
export class HostRig {
  readonly host: HostContext;
  readonly cgroups: CgroupTree;
  readonly slots: SlotTree;
  readonly uids: UidPool | null;
  readonly runtimes: HostRuntimes;
  readonly warnings: string[] = [];

  constructor(overrides: { instance?: string; epoch?: string; runDir?: string; doYield?: boolean } = {}) {
    const instance = overrides.instance ?? randomBytes(6).toString('hex');
    const runDir = overrides.runDir ?? mkdtempSync(join(tmpdir(), 'cfr-'));
    chmodSync(runDir, 0o711);
    const isRoot = process.getuid?.() === 0;
    const warn = (fields: unknown, message: string) => this.warnings.push(`${message} ${JSON.stringify(fields)}`);
    const log = { debug: () => undefined, info: () => undefined, warn, error: warn };
    const uidRange = isRoot ? UID_RANGE : null;
    this.host = { instance, epoch: overrides.epoch ?? 'etest2', runDir, dataDir: runDir, uidRange, log };
    this.cgroups = new CgroupTree({ ...this.host, doYield: overrides.doYield ?? true });
    this.slots = new SlotTree(this.host);
    this.uids = uidRange === null ? null : new UidPool(uidRange, { seed: instance });
    this.runtimes = new HostRuntimes({ runDir, shimsDir: resolve(import.meta.dirname, '../../runtimes'), log });
  }

  get labels(): { instance: string; epoch: string } {
    return { instance: this.host.instance, epoch: this.host.epoch };
  }

  /** What is left of one sandbox. */
  async traces(sandboxId: string): Promise<string[]> {
    const slot = join(this.slots.epochDir, sandboxId);
    const found = (await stat(slot).catch(() => null)) === null ? [] : [`slot ${slot}`];
    return found;
  }

  /** Processes of any uid this rig may have handed out. */
  processesLeft(uids: number[]): number[] {
    return uids.flatMap((uid) => pidsOfUid(uid));
  }

  async close(): Promise<void> {
    await this.slots.close(AbortSignal.timeout(CLOSE_DEADLINE_MS));
    await this.cgroups.close();
    await removeTree(this.host.runDir, AbortSignal.timeout(CLOSE_DEADLINE_MS));
  }
}
