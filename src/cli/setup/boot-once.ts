import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CgroupTree } from '../../host/cgroup/cgroup.ts';
import { UidPool } from '../../host/launch/uid-pool.ts';
import { SlotTree } from '../../host/slot/slot-tree.ts';
import type { GuestImages } from '../../images/guest/guest-images.ts';
import { CodeDisks } from '../../microvm/code-disks.ts';
import type { Vmm } from '../../microvm/vmm.ts';
import { MicrovmDriver } from '../../sandbox/drivers/microvm/microvm-driver.ts';
import { guardDriver } from '../../sandbox/guard/guarded-driver.ts';

/** Away from those of servers, which may run on this host. */
const UIDS = { first: 650_000, count: 100 };
const CLOSE_DEADLINE_MS = 10_000;

/** Boots a guest of the image by itself, as a server's probe would. Null when it answered, else why not; leaves nothing. */
export async function bootOnce(vmm: Vmm, images: GuestImages, signal: AbortSignal): Promise<string | null> {
  const instance = randomBytes(6).toString('hex');
  const epoch = `e${Date.now().toString(36)}`;
  const runDir = await mkdtemp(join(tmpdir(), 'coldframe-setup-'));
  await chmod(runDir, 0o711);
  let lastWarning = '';
  const warn = (fields: Record<string, unknown>, message: string): void => {
    lastWarning = `${message}: ${JSON.stringify(fields)}`;
  };
  const log = { debug: () => {}, info: () => {}, warn, error: warn };
  const isRoot = process.getuid?.() === 0;
  const host = { instance, epoch, runDir, dataDir: runDir, uidRange: isRoot ? UIDS : null, log };
  // Somebody waits for it, and a guest that boots on what a busy host leaves looks like one that hangs.
  const cgroups = new CgroupTree({ ...host, doYield: false });
  const slots = new SlotTree(host);
  const driver = guardDriver(
    new MicrovmDriver({
      ...{ isolation: vmm.name, vmm, images, host, cgroups, slots },
      disks: new CodeDisks(join(slots.epochDir, '.disks')),
      uids: isRoot ? new UidPool(UIDS, { seed: instance }) : null,
      snapshotDir: join(slots.epochDir, '.snapshots'),
    }),
    {
      onEvent: (event) => {
        if (event.kind === 'destroyFailed') warn({ error: event.error.message }, 'the guest could not be removed');
      },
    },
  );
  try {
    const probe = await driver.probe();
    signal.throwIfAborted();
    return probe.state === 'usable' ? null : `${probe.detail} ${lastWarning}`.trim();
  } finally {
    await driver.stop().catch(() => undefined);
    await slots.close(AbortSignal.timeout(CLOSE_DEADLINE_MS)).catch(() => undefined);
    await cgroups.close();
    await rm(runDir, { recursive: true, force: true });
  }
}
