import { createHash } from 'node:crypto';
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { CodeRef } from '../contract/driver.ts';
import { runTool } from '../host/run-tool.ts';
import { CodeDisks } from './code-disks.ts';

const NEVER = new AbortController().signal;
const { exitCode } = await runTool('mksquashfs', ['-version'], AbortSignal.timeout(10_000));

describe.skipIf(exitCode === null)('disks made from packages (needs mksquashfs)', () => {
  let parent: string;
  let directory: string;
  beforeEach(() => {
    parent = mkdtempSync(join(tmpdir(), 'cf-disks-'));
    directory = join(parent, 'disks');
  });
  afterEach(() => rmSync(parent, { recursive: true, force: true }));

  function code(name: string, text: string, workspaceId = 'w'): CodeRef {
    const path = join(parent, `code-${name}`);
    mkdirSync(path);
    writeFileSync(join(path, 'index.mjs'), text);
    return { sha256: createHash('sha256').update(text).digest('hex'), workspaceId, path, fileCount: 1 };
  }
  function content(path: string): string {
    const bytes = Buffer.alloc(1024 * 1024);
    const fd = openSync(path, 'r');
    readSync(fd, bytes);
    closeSync(fd);
    return createHash('sha256').update(bytes).digest('hex');
  }

  test('equal code gives equal bytes, made once and linked; other workspaces get a file of their own', async () => {
    const disks = new CodeDisks(directory);
    const own = code('a', 'export const handler = 1;');
    const twin = { ...code('b', 'export const handler = 1;'), workspaceId: 'other' };
    const at = (name: string) => join(parent, name);
    await Promise.all([disks.place(own, at('1'), NEVER), disks.place(own, at('2'), NEVER)]);
    await disks.place(twin, at('3'), NEVER);
    expect(statSync(at('1')).ino).toBe(statSync(at('2')).ino);
    expect(statSync(at('1')).ino).not.toBe(statSync(at('3')).ino);
    expect(content(at('1'))).toBe(content(at('3')));
    expect(statSync(at('1')).mode & 0o777).toBe(0o444);
    expect(statSync(await disks.empty()).size).toBe(statSync(at('1')).size);
  });

  test('beyond the bounds the oldest go, and machines keep what they were given', async () => {
    const disks = new CodeDisks(directory, { imagesMax: 2, bytesMax: 1_000_000_000 });
    for (const name of ['a', 'b', 'c', 'd']) await disks.place(code(name, name), join(parent, name), NEVER);
    await expect.poll(() => readdirSync(directory).filter((name) => name.endsWith('.img')).length).toBe(2);
    expect(statSync(join(parent, 'a')).nlink).toBe(1);
    await disks.place({ ...code('e', 'a'), sha256: 'again' }, join(parent, 'again'), NEVER);
  });

  test.skipIf(process.getuid?.() !== 0)(
    'a full disk is storage_full, and nothing half-made stays (needs root)',
    async () => {
      mkdirSync(directory);
      const limit = AbortSignal.timeout(10_000);
      await runTool('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', directory], limit);
      try {
        const disks = new CodeDisks(directory);
        const large = code('large', 'x'.repeat(500_000));
        const failed = disks.place(large, join(directory, 'link'), NEVER);
        await expect(failed).rejects.toMatchObject({ code: 'storage_full' });
        expect(readdirSync(directory)).toEqual([]);
        await disks.place(code('small', 'x'), join(directory, 'link'), NEVER);
      } finally {
        await runTool('umount', ['-l', directory], limit);
      }
    },
  );
});
