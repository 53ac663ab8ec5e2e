import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runTool } from '../../host/run-tool.ts';
import { type CpioEntry, cpioArchive } from './cpio-archive.ts';

const ENTRIES: CpioEntry[] = [
  { kind: 'directory', name: 'bin', mode: 0o755 },
  { kind: 'file', name: 'bin/odd', mode: 0o755, content: Buffer.from('#!') },
  { kind: 'file', name: 'empty', mode: 0o644, content: Buffer.alloc(0) },
  { kind: 'file', name: 'large', mode: 0o644, content: Buffer.alloc(70_001, 'x') },
  { kind: 'device', name: 'console', mode: 0o600, major: 5, minor: 1 },
];

test('equal entries give equal bytes, each part at a multiple of four', () => {
  const archive = cpioArchive(ENTRIES);
  expect(archive.equals(cpioArchive(ENTRIES))).toBe(true);
  expect(archive.length % 4).toBe(0);
  expect(archive.toString('latin1', 0, 6)).toBe('070701');
  expect(archive.includes('TRAILER!!!')).toBe(true);
});

test('an unpacker that is not ours finds every entry (needs busybox)', async (context) => {
  const directory = mkdtempSync(join(tmpdir(), 'cf-cpio-'));
  try {
    const archive = join(directory, 'archive');
    writeFileSync(archive, cpioArchive(ENTRIES.filter(({ kind }) => kind !== 'device')));
    const signal = AbortSignal.timeout(10_000);
    const args = ['-c', `cd ${directory} && busybox cpio -i < archive`];
    const { exitCode } = await runTool('/bin/sh', args, signal);
    if (exitCode === 127) return context.skip('needs busybox');
    expect(exitCode).toBe(0);
    expect(readFileSync(join(directory, 'bin/odd'), 'utf8')).toBe('#!');
    expect(statSync(join(directory, 'bin/odd')).mode & 0o777).toBe(0o755);
    expect(statSync(join(directory, 'large')).size).toBe(70_001);
    expect(statSync(join(directory, 'empty')).size).toBe(0);
  } finally {
    rmSync(directory, { recursive: true });
  }
});
