import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { mountTable } from './mounts.ts';

/** A folder that all sandboxes of a runtime are shown, and where in their root file system. */
export interface SharedTree {
  source: string;
  /** Absolute path in the root. It is `/` for the first tree, whose folders hold the mount points of the others. */
  at: string;
}

/** Terminals of one sandbox; the host has 4,096 for everybody (kernel.pty.max). */
export const TERMINALS_MAX = 64;

/** What is mounted for one sandbox alone, in its slot. */
export interface OwnMounts {
  /** A temp file system bounded in bytes and files. */
  temp: { uid: number; sizeMib: number; filesMax: number } | null;
  /** An overlay of the sandbox's own over each tree, so that locks and watches on shared files are its own too. */
  root: SharedTree[];
}

export interface OwnMountPoints {
  tempDir: string | null;
  /** The whole root, with every tree at its place. Null when no root was asked for. */
  rootDir: string | null;
  /** Terminals of the sandbox's own, bounded in number. Made together with the root. */
  terminalsDir: string | null;
}

/** Overlayfs takes these as its own separators. */
const SEPARATORS = /[:,\\]/;

/** True when a path can be given to overlayfs. */
export function canBeLower(path: string): boolean {
  return !SEPARATORS.test(path);
}

/** Where in a slot `makeOwnMounts` puts them. */
export function ownMountPoints(slotDir: string, { temp, root }: OwnMounts): OwnMountPoints {
  return {
    tempDir: temp === null ? null : join(slotDir, 'tmp'),
    rootDir: root.length === 0 ? null : join(slotDir, 'root'),
    terminalsDir: root.length === 0 ? null : join(slotDir, 'pts'),
  };
}

/**
 * Mounts all of them with one call of the mount program. Null, or why one of them failed; the others may then be
 * mounted. An abort stops it half-way: whoever removes the slot unmounts what is there.
 */
export async function makeOwnMounts(
  slotDir: string,
  { temp, root }: OwnMounts,
  emptyDir: string,
  signal: AbortSignal,
): Promise<string | null> {
  const points = ownMountPoints(slotDir, { temp, root });
  const lines: string[] = [];
  if (temp !== null && points.tempDir !== null) {
    await mkdir(points.tempDir, { mode: 0o700 });
    const owner = `uid=${temp.uid},gid=${temp.uid},mode=0700`;
    const size = `size=${temp.sizeMib}m,nr_inodes=${temp.filesMax}`;
    lines.push(mountLine('tmpfs', points.tempDir, 'tmpfs', `nosuid,nodev,${owner},${size}`));
  }
  if (points.rootDir !== null) await mkdir(points.rootDir, { mode: 0o755 });
  if (points.terminalsDir !== null) {
    await mkdir(points.terminalsDir, { mode: 0o755 });
    lines.push(mountLine('devpts', points.terminalsDir, 'devpts', terminalOptions()));
  }
  for (const { source, at } of root) {
    // A read-only overlay needs two lower layers. Only the first tree has device nodes.
    const options = `ro,nosuid,${at === '/' ? '' : 'nodev,'}lowerdir=${source}:${emptyDir}`;
    lines.push(mountLine('overlay', join(points.rootDir ?? '', at), 'overlay', options));
  }
  if (lines.length === 0) return null;
  const table = join(slotDir, 'mounts');
  await writeFile(table, lines.join(''), { mode: 0o600 });
  return mountTable(table, signal);
}

/** Options of a devpts for a single sandbox. */
export function terminalOptions(): string {
  return `nosuid,noexec,newinstance,ptmxmode=0666,mode=0620,max=${TERMINALS_MAX}`;
}

/** A line of a table as fstab(5) describes it. */
export function mountLine(what: string, where: string, type: string, options: string): string {
  return `${[what, where, type, options].map(escaped).join(' ')} 0 0\n`;
}

function escaped(field: string): string {
  return field.replace(/[\s\\#]/g, (character) => `\\${character.charCodeAt(0).toString(8).padStart(3, '0')}`);
}
