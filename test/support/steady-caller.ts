import { setTimeout as pause } from 'node:timers/promises';
import type { TestServer } from './test-server.ts';

const BETWEEN_CALLS_MS = 25;

export interface SteadyReport {
  statuses: number[];
  slowestMs: number;
  /** Calls that got no reply at all. */
  transportErrors: string[];
}

/** Calls a function again and again, one call at a time, until `stop`: the neighbour that must not notice. */
export class SteadyCaller {
  readonly #report: SteadyReport = { statuses: [], slowestMs: 0, transportErrors: [] };
  readonly #ended: Promise<void>;
  #isStopping = false;

  constructor(server: TestServer, ref: string, event: unknown = {}) {
    this.#ended = this.#run(server, ref, event);
  }

  async stop(): Promise<SteadyReport> {
    this.#isStopping = true;
    await this.#ended;
    return this.#report;
  }

  async #run(server: TestServer, ref: string, event: unknown): Promise<void> {
    while (!this.#isStopping) {
      const sentAtMs = performance.now();
      try {
        this.#report.statuses.push((await server.invoke(ref, event)).status);
      } catch (error) {
        this.#report.transportErrors.push(String(error));
      }
      this.#report.slowestMs = Math.max(this.#report.slowestMs, performance.now() - sentAtMs);
      await pause(BETWEEN_CALLS_MS);
    }
  }
}
