import { closeSync, readdirSync, readFileSync } from 'node:fs';

/** As the kernel prints flags, in octal. */
const CLOSE_ON_EXEC = 0o2000000;
const LAST_STANDARD = 2;

let isDone = false;

/**
 * Closes every descriptor above the standard ones that a program we start would inherit: whoever started the server left it open.
 * Ours never are such: Node opens all it opens close-on-exec, and at its start it marks the lowest ones but nothing behind a gap.
 * Once per process; before anything is launched.
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
    // The one that the folder itself was read through.
    return false;
  }
}
