import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, readSync, writeFileSync, writeSync } from 'node:fs';

/** Largest content of a kernel counter file that we read through an open descriptor. */
const COUNTER_MAX_BYTES = 4_096;
const scratch = Buffer.alloc(COUNTER_MAX_BYTES);

/**
 * A kernel file (cgroupfs, procfs) kept open: the kernel writes its content anew for each read at offset 0. Opening
 * costs ten times a
 * read, and meters are read around every call. A file that cannot be opened reads as null.
 */
export class KernelFile {
  #fd: number | null;

  constructor(path: string, mode: 'r' | 'r+' = 'r') {
    try {
      this.#fd = openSync(path, mode);
    } catch {
      this.#fd = null;
    }
  }

  get isOpen(): boolean {
    return this.#fd !== null;
  }

  readText(): string | null {
    if (this.#fd === null) return null;
    try {
      return scratch.toString('latin1', 0, readSync(this.#fd, scratch, 0, COUNTER_MAX_BYTES, 0));
    } catch {
      return null;
    }
  }

  /** A file holding one decimal number. */
  readNumber(): number | null {
    if (this.#fd === null) return null;
    try {
      const length = readSync(this.#fd, scratch, 0, COUNTER_MAX_BYTES, 0);
      return parseDigits(scratch, 0, length);
    } catch {
      return null;
    }
  }

  /** The number after `key ` at a line's start. */
  readField(key: string): number | null {
    const text = this.readText();
    return text === null ? null : fieldOf(text, key);
  }

  write(text: string): boolean {
    if (this.#fd === null) return false;
    try {
      writeSync(this.#fd, text, 0);
      return true;
    } catch {
      return false;
    }
  }

  close(): void {
    if (this.#fd !== null) closeSync(this.#fd);
    this.#fd = null;
  }
}

export function fieldOf(text: string, key: string): number | null {
  const prefix = `${key} `;
  const at = text.startsWith(prefix) ? 0 : text.indexOf(`\n${prefix}`) + 1;
  if (at === 0 && !text.startsWith(prefix)) return null;
  const value = Number.parseInt(text.slice(at + prefix.length), 10);
  return Number.isNaN(value) ? null : value;
}

function parseDigits(buffer: Buffer, from: number, to: number): number | null {
  let value = 0;
  let digits = 0;
  for (let at = from; at < to; at++) {
    const digit = (buffer[at] as number) - 48;
    if (digit < 0 || digit > 9) break;
    value = value * 10 + digit;
    digits++;
  }
  return digits === 0 ? null : value;
}

/** Whether the kernel took the value. */
export function tryWrite(path: string, text: string): boolean {
  try {
    writeFileSync(path, text);
    return true;
  } catch {
    return false;
  }
}

export function tryRead(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}

/** Makes the directory. Null when it exists afterwards, else the error's code. */
export function tryMakeDirectory(path: string): string | null {
  try {
    mkdirSync(path);
    return null;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
    return code === 'EEXIST' ? null : code;
  }
}

/** Names of the directories in it; empty when it cannot be read. */
export function listDirectories(path: string): string[] {
  try {
    return readdirSync(path, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name);
  } catch {
    return [];
  }
}
