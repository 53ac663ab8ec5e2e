import { execFileSync } from 'node:child_process';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { DiskGuard } from './disk-guard.ts';
import { openControlStore } from './open-control-store.ts';
import { openTelemetryStore } from './open-telemetry-store.ts';
import { exampleId, exampleRecord } from './testing/example-record.ts';
import { keptLog, tempDir } from './testing/temp-dir.ts';

const canMount = process.getuid?.() === 0 && canMountTmpfs();

let dir: Awaited<ReturnType<typeof tempDir>>;

beforeEach(async () => {
  dir = await tempDir();
  if (canMount) execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'coldframe-test', dir.path]);
});

afterEach(async () => {
  if (canMount) execFileSync('umount', ['--lazy', dir.path]);
  await dir[Symbol.asyncDispose]();
});

const options = () => ({ dataDir: dir.path, log: keptLog() });

test.skipIf(!canMount)(
  'a full disk refuses writes with storage_full, keeps what was stored, and goes on once there is room (needs root)',
  async () => {
    const control = await openControlStore(options());
    const telemetry = await openTelemetryStore(options());
    await control.settings.put('before', 'kept');
    await telemetry.append({ records: [exampleRecord(exampleId(1))], refusals: [] });
    await fillDisk();
    const big = 'x'.repeat(200_000);
    await expect(control.settings.put('big', big)).rejects.toMatchObject({ code: 'storage_full' });
    const bigRecord = exampleRecord(exampleId(2), { event: big });
    await expect(telemetry.append({ records: [bigRecord], refusals: [] })).rejects.toMatchObject({
      code: 'storage_full',
    });
    expect(await control.settings.get('before')).toBe('kept');
    expect(await telemetry.invocation('default', exampleId(1))).not.toBeNull();
    const guard = new DiskGuard({
      dataDir: dir.path,
      prune: () => telemetry.prune(new Date().toISOString()),
      log: keptLog(),
    });
    await guard.check();
    expect(guard.isFull).toBe(true);
    await rm(join(dir.path, 'ballast'));
    await guard.check();
    expect(guard.isFull).toBe(false);
    await control.settings.put('big', big);
    await telemetry.append({ records: [bigRecord], refusals: [] });
    expect((await telemetry.invocations({ workspaceId: 'default', limit: 10 })).items).toHaveLength(2);
    await control.close();
    await telemetry.close();
  },
);

test.skipIf(!canMount)('a read-only data directory is refused with storage_read_only (needs root)', async () => {
  execFileSync('mount', ['-o', 'remount,ro', dir.path]);
  await expect(openControlStore(options())).rejects.toMatchObject({ code: 'storage_read_only' });
  await expect(openTelemetryStore(options())).rejects.toMatchObject({ code: 'storage_read_only' });
});

/** Leaves a few pages, so that the files cannot grow. */
async function fillDisk(): Promise<void> {
  let bytes = 8 * 1024 * 1024;
  const path = join(dir.path, 'ballast');
  while (bytes >= 4_096) {
    const piece = Buffer.alloc(bytes, 1);
    try {
      await writeFile(path, piece, { flag: 'a' });
    } catch {
      bytes = Math.floor(bytes / 2);
    }
  }
}

function canMountTmpfs(): boolean {
  try {
    execFileSync('unshare', ['--mount', 'mount', '-t', 'tmpfs', 'coldframe-test', '/mnt'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
