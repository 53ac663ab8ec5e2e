import type { InvocationRecord } from '../../../domain/invocation.ts';
import type { TelemetryBatch } from '../../telemetry-store.ts';
import type { Column } from '../columns.ts';
import { INVOCATION_COLUMNS } from './invocation-columns.ts';
import { NO_TEXT, type PackedBatch } from './pack-batch.ts';

/** The batch that was packed. */
export function unpackBatch(packed: PackedBatch): TelemetryBatch {
  const unpacker = new Unpacker(packed);
  const records: InvocationRecord[] = [];
  // That a record has the fields of its list is the packer's promise.
  for (let index = 0; index < packed.records; index++)
    records.push(unpacker.record(INVOCATION_COLUMNS) as unknown as InvocationRecord);
  return { records, refusals: packed.refusals };
}

type Values = Record<string, unknown>;

/** Reads in the order in which the packer wrote. */
class Unpacker {
  readonly #texts: string[];
  readonly #cells: Float64Array;
  /** By the place of their text: those that share a text share an object, which nobody changes. */
  readonly #groups = new Map<number, unknown>();
  #at = 0;

  constructor({ texts, cells }: PackedBatch) {
    this.#texts = texts;
    this.#cells = cells;
  }

  record(columns: readonly Column[]): Values {
    const record: Values = {};
    for (const column of columns) record[column.name] = this.#value(column);
    return record;
  }

  #value({ field, inner }: Column): unknown {
    if (field.kind === 'group' && !field.isNullable) return this.record(inner);
    const cell = this.#cells[this.#at++]!;
    switch (field.kind) {
      case 'integer':
      case 'number':
        return Number.isNaN(cell) ? null : cell;
      case 'flag':
        return Number.isNaN(cell) ? null : cell === 1;
      case 'text':
      case 'word':
        return cell === NO_TEXT ? null : this.#texts[cell];
      case 'texts':
        return cell === NO_TEXT ? null : JSON.parse(this.#texts[cell]!);
      case 'group':
        return cell === NO_TEXT ? null : this.#group(cell);
      case 'list':
        return Array.from({ length: cell }, () => this.record(inner));
    }
  }

  #group(place: number): unknown {
    let group = this.#groups.get(place);
    if (group === undefined) {
      group = JSON.parse(this.#texts[place]!);
      this.#groups.set(place, group);
    }
    return group;
  }
}
