import type {
  AttemptRecord,
  FunctionError,
  InvocationRecord,
  LogLine,
  Receipt,
  Usage,
} from '../../../domain/invocation.ts';
import type { TelemetryBatch } from '../../telemetry-store.ts';
import { NO_TEXT, type PackedBatch } from './pack-batch.ts';

/** The batch that was packed. */
export function unpackBatch(packed: PackedBatch): TelemetryBatch {
  const unpacker = new Unpacker(packed);
  const records: InvocationRecord[] = [];
  for (let index = 0; index < packed.records; index++) records.push(unpacker.record());
  return { records, refusals: packed.refusals };
}

/** Reads in the order in which the packer wrote. */
class Unpacker {
  readonly #texts: string[];
  readonly #cells: Float64Array;
  readonly #receipts = new Map<number, Receipt>();
  #at = 0;

  constructor({ texts, cells }: PackedBatch) {
    this.#texts = texts;
    this.#cells = cells;
  }

  record(): InvocationRecord {
    return {
      id: this.#text(),
      workspaceId: this.#text(),
      functionId: this.#text(),
      functionName: this.#text(),
      mode: this.#text(),
      trigger: this.#text(),
      state: this.#text(),
      outcome: this.#text(),
      isolation: this.#text(),
      start: this.#text(),
      startedAt: this.#text(),
      finishedAt: this.#text(),
      durationMs: this.#numberOrNull(),
      eventBytes: this.#number(),
      resultBytes: this.#numberOrNull(),
      event: this.#text(),
      result: this.#text(),
      attempts: this.#each(() => this.#attempt()),
    };
  }

  #attempt(): AttemptRecord {
    return {
      number: this.#number(),
      revisionId: this.#text(),
      runtime: this.#text(),
      sandboxId: this.#text(),
      startedAt: this.#text(),
      outcome: this.#text(),
      code: this.#text(),
      start: this.#text(),
      startReason: this.#text(),
      phases: {
        queueMs: this.#number(),
        claimMs: this.#numberOrNull(),
        loadMs: this.#numberOrNull(),
        importMs: this.#numberOrNull(),
        handlerMs: this.#numberOrNull(),
        totalMs: this.#number(),
      },
      usage: this.#usage(),
      receipt: this.#receipt(),
      error: this.#error(),
      logsTruncated: this.#number() === 1,
      clientGone: this.#number() === 1,
      logs: this.#each(() => this.#line()),
    };
  }

  #usage(): Usage {
    return {
      cpuMs: this.#numberOrNull(),
      maxMemoryMib: this.#numberOrNull(),
      peakScope: this.#text(),
      source: this.#text(),
      shared: this.#number() === 1,
    };
  }

  #line(): LogLine {
    return { at: this.#text(), stream: this.#text(), text: this.#text() };
  }

  #receipt(): Receipt | null {
    const place = this.#number();
    if (place === NO_TEXT) return null;
    let receipt = this.#receipts.get(place);
    if (receipt === undefined) {
      receipt = JSON.parse(this.#texts[place]!) as Receipt;
      this.#receipts.set(place, receipt);
    }
    return receipt;
  }

  #error(): FunctionError | null {
    const text = this.#text<string | null>();
    return text === null ? null : JSON.parse(text);
  }

  #each<T>(read: () => T): T[] {
    const count = this.#number();
    const items: T[] = [];
    for (let index = 0; index < count; index++) items.push(read());
    return items;
  }

  #number(): number {
    return this.#cells[this.#at++]!;
  }

  #numberOrNull(): number | null {
    const value = this.#number();
    return Number.isNaN(value) ? null : value;
  }

  /** That the text is of the wanted type is the packer's promise. */
  #text<T extends string | null>(): T {
    const place = this.#number();
    return (place === NO_TEXT ? null : this.#texts[place]) as T;
  }
}
