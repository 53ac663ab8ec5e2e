import { MIB } from '../../domain/limits.ts';

/** The kernel ends a checker before anything else of this host; raising the score needs no permission. */
const OOM_SCORE_ADJ = 1_000;
/**
 * Private memory. CPython takes about 600 MiB for the 4 MiB of ordinary source that are looked at; constants made to be folded
 * would take gigabytes.
 */
export const MEMORY_MAX_MIB = 1_024;
/** As long as a first call may load its code, so what passes it could not serve either. */
export const CPU_MAX_S = 10;
/** The kernel kills a second after it has asked. */
const CPU_KILL_S = CPU_MAX_S + 1;
const FILES_MAX = 64;
const KIB_PER_MIB = MIB / 1_024;

/** The limits stand before the program is there, so before it has read a byte of what it checks. */
const SCRIPT = `echo ${OOM_SCORE_ADJ} > /proc/self/oom_score_adj
ulimit -c 0 && ulimit -f 0 && ulimit -n ${FILES_MAX} && ulimit -d ${MEMORY_MAX_MIB * KIB_PER_MIB} || exit 125
ulimit -S -t ${CPU_MAX_S} && ulimit -H -t ${CPU_KILL_S} || exit 125
exec "$@"`;

/** How the shell says that the program may not be run, and that there is none. */
export const NOT_EXECUTABLE = 126;
export const NOT_FOUND = 127;
/** A limit could not be set: nothing was checked. */
export const NOT_LIMITED = 125;

/** Pure: the words that start a checker with bounded memory, processor time, files and no core, first in line to be killed. */
export function limited(command: string, args: string[]): { command: string; args: string[] } {
  return { command: '/bin/sh', args: ['-c', SCRIPT, 'coldframe', command, ...args] };
}
