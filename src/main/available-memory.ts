import { readFileSync } from 'node:fs';
import { freemem } from 'node:os';

/**
 * Memory that could be used without swapping, in MiB: the kernel's own estimate, or what is free when there is no
 * estimate.
 */
export function availableMemoryMib(): number {
  try {
    const kib = /^MemAvailable:\s+(\d+) kB/m.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1];
    if (kib) return Math.floor(Number(kib) / 1024);
  } catch {
    // No /proc here (macOS): fall through to what the system calls free.
  }
  return Math.floor(freemem() / (1024 * 1024));
}
