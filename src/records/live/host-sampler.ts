import { readFile } from 'node:fs/promises';
import { availableParallelism, freemem, totalmem } from 'node:os';
import type { LiveFeed } from './live-feed.ts';

const SAMPLE_EVERY_MS = 2_000;
const MIB = 1024 * 1024;

/** What the `host` topic carries. A figure is null when the host does not tell it. */
export interface HostSample {
  at: string;
  cores: number;
  /** Share of all cores in use since the sample before, 0 to 1. */
  cpuShare: number | null;
  memoryTotalMib: number;
  memoryAvailableMib: number;
  serverMemoryMib: number;
}

/** Samples the host's CPU and memory for the live feed, every 2 s, and only while somebody listens. */
export class HostSampler {
  readonly #feed: LiveFeed;
  readonly #stopListening: () => void;
  #timer: NodeJS.Timeout | null = null;
  #previous: CpuTimes | null = null;

  constructor(feed: LiveFeed) {
    this.#feed = feed;
    this.#stopListening = feed.onListenersChanged(() => this.#adjust());
    this.#adjust();
  }

  stop(): void {
    this.#stopListening();
    this.#halt();
  }

  get isSampling(): boolean {
    return this.#timer !== null;
  }

  async sample(): Promise<HostSample> {
    const [stat, meminfo] = await Promise.all([readText('/proc/stat'), readText('/proc/meminfo')]);
    const times = stat === null ? null : cpuTimesOf(stat);
    const cpuShare = times !== null && this.#previous !== null ? busyShare(this.#previous, times) : null;
    this.#previous = times;
    return {
      at: new Date().toISOString(),
      cores: availableParallelism(),
      cpuShare,
      memoryTotalMib: Math.round(totalmem() / MIB),
      memoryAvailableMib: Math.round((meminfo === null ? null : availableMib(meminfo)) ?? freemem() / MIB),
      serverMemoryMib: Math.round(process.memoryUsage.rss() / MIB),
    };
  }

  #adjust(): void {
    if (!this.#feed.hasListeners('host')) this.#halt();
    else if (this.#timer === null) {
      this.#timer = setInterval(() => void this.#publish(), SAMPLE_EVERY_MS).unref();
      void this.#publish();
    }
  }

  #halt(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    this.#previous = null;
  }

  async #publish(): Promise<void> {
    const data = await this.sample();
    if (this.#timer !== null) this.#feed.publish({ topic: 'host', data: { ...data } });
  }
}

interface CpuTimes {
  busy: number;
  total: number;
}

/** The first line of /proc/stat: user nice system idle iowait irq softirq steal, in ticks over all cores. */
function cpuTimesOf(stat: string): CpuTimes | null {
  const ticks = stat.slice(0, stat.indexOf('\n')).split(/\s+/).slice(1, 9).map(Number);
  if (ticks.length < 8 || ticks.some(Number.isNaN)) return null;
  const total = ticks.reduce((sum, one) => sum + one, 0);
  return { total, busy: total - ticks[3]! - ticks[4]! };
}

function busyShare(before: CpuTimes, after: CpuTimes): number | null {
  const total = after.total - before.total;
  return total <= 0 ? null : Math.round(((after.busy - before.busy) / total) * 1000) / 1000;
}

function availableMib(meminfo: string): number | null {
  const match = /^MemAvailable:\s+(\d+) kB/m.exec(meminfo);
  return match === null ? null : Number(match[1]) / 1024;
}

/** Null when there is no such file, on systems other than Linux. */
async function readText(path: string): Promise<string | null> {
  return readFile(path, 'utf8').catch(() => null);
}
