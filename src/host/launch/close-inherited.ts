import { closeSync, readdirSync, readFileSync } from 'node:fs';

/** As the kernel prints flags, in octal. */
const CLOSE_ON_EXEC = 0o2000000;
const LAST_STANDARD = 2;

let isDone = false;

/**
 * Closes every descriptor above the standard ones that a program we start would inherit. Whoever started the server
 * left it open. None of ours is inherited: Node opens everything close-on-exec. At its start Node also marks the lowest
 * descriptors, but none behind a gap. Called once per process, before anything is launched.
 */
export function closeInherited(): void {
  if (isDone) return;
  isDone = true;
  for (const name of readdirSync('/proc/self/fdinfo')) {
    const fd = Number(name);
    if (fd > LAST_STANDARD && isInherited(fd)) closeSync(fd);
  }
}

function isInherited(fd: number): boolean {
  try {
    const flags = /^flags:\s+([0-7]+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))?.[1];
    return flags !== undefined && (Number.parseInt(flags, 8) & CLOSE_ON_EXEC) === 0;
  } catch {
    // This is the descriptor through which the folder itself was read.
    return false;
  }
}
