import type { MeterReading } from '../contract/driver.ts';
import { fieldOf, KernelFile, tryWrite } from './kernel-file.ts';

/** Linux reports process times in hundredths of a second, whatever its own tick is. */
const TICK_US = 10_000;
const KIB = 1_024;

/** Figures of one process (not its children) for hosts without a usable cgroup: coarse, but measured. */
export class ProcfsMeter {
  readonly #pid: number;
  readonly #stat: KernelFile;

  constructor(pid: number) {
    this.#pid = pid;
    this.#stat = new KernelFile(`/proc/${pid}/stat`);
  }

  read(): MeterReading {
    const stat = this.#stat.readText();
    const text = this.#status();
    // The name in parentheses may itself hold spaces and parentheses.
    const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
    const ticks = fields === undefined ? null : Number(fields[11]) + Number(fields[12]);
    if (ticks === null && text === null) return { cpuUs: null, peakBytes: null, source: null };
    return {
      cpuUs: ticks === null ? null : ticks * TICK_US,
      peakBytes: kib(text, 'VmHWM:'),
      source: 'procfs',
    };
  }

  currentBytes(): number | null {
    return kib(this.#status(), 'VmRSS:');
  }

  resetPeak(): boolean {
    return tryWrite(`/proc/${this.#pid}/clear_refs`, '5');
  }

  close(): void {
    this.#stat.close();
  }

  #status(): string | null {
    const status = new KernelFile(`/proc/${this.#pid}/status`);
    const text = status.readText();
    status.close();
    return text;
  }
}

function kib(text: string | null, key: string): number | null {
  const value = text === null ? null : fieldOf(text.replace(/:\s+/g, ': '), key);
  return value === null ? null : value * KIB;
}
