import type { RefusalCount, TelemetryBatch } from '../../telemetry-store.ts';
import type { Column } from '../columns.ts';
import { INVOCATION_COLUMNS } from './invocation-columns.ts';

/**
 * A batch on its way to the worker: one flat list of numbers, the fields of each record, attempt and line in the order of
 * their lists. A text is the number of its place in `texts`, where those that repeat (names, ids of functions and sandboxes,
 * receipts) stand once. Copying that between threads costs a tenth of copying the objects, on both sides.
 */
export interface PackedBatch {
  texts: string[];
  cells: Float64Array<ArrayBuffer>;
  records: number;
  refusals: RefusalCount[];
}

/** Place of a text that is null. */
export const NO_TEXT = -1;

type Values = Record<string, unknown>;

/** Groups that may be null (receipts) are shared by all attempts of a sandbox, so that each is put into words once. */
const groupTexts = new WeakMap<object, string>();

export function packBatch(batch: TelemetryBatch): PackedBatch {
  let cells = 0;
  for (const record of batch.records) cells += cellCount(record as unknown as Values, INVOCATION_COLUMNS);
  const packer = new Packer(cells);
  for (const record of batch.records) packer.record(record as unknown as Values, INVOCATION_COLUMNS);
  return { texts: packer.texts, cells: packer.cells, records: batch.records.length, refusals: batch.refusals };
}

function cellCount(record: Values, columns: readonly Column[]): number {
  let count = columns.length;
  for (const { name, field, inner } of columns) {
    if (field.kind === 'group' && !field.isNullable) count += inner.length - 1;
    else if (field.kind === 'list') for (const item of record[name] as Values[]) count += cellCount(item, inner);
  }
  return count;
}

class Packer {
  readonly texts: string[] = [];
  readonly cells: Float64Array<ArrayBuffer>;
  readonly #places = new Map<string, number>();
  #at = 0;

  constructor(cells: number) {
    this.cells = new Float64Array(cells);
  }

  record(record: Values, columns: readonly Column[]): void {
    for (const column of columns) this.#value(record[column.name], column);
  }

  #value(value: unknown, { field, inner }: Column): void {
    switch (field.kind) {
      case 'integer':
      case 'number':
        this.#number((value as number | null) ?? Number.NaN);
        return;
      case 'flag':
        this.#number(value === null ? Number.NaN : Number(value));
        return;
      case 'text':
        if (field.isVaried === true) this.#variedText(value as string | null);
        else this.#text(value as string | null);
        return;
      case 'word':
        this.#text(value as string | null);
        return;
      case 'texts':
        this.#variedText(value === null ? null : JSON.stringify(value));
        return;
      case 'group':
        if (field.isNullable) this.#text(value === null ? null : groupText(value as object));
        else this.record(value as Values, inner);
        return;
      case 'list':
        this.#number((value as Values[]).length);
        for (const item of value as Values[]) this.record(item, inner);
    }
  }

  #number(value: number): void {
    if (this.#at >= this.cells.length) throw new RangeError('a record has more fields than were counted');
    this.cells[this.#at++] = value;
  }

  /** A text that hardly repeats: looking for it would be in vain. */
  #variedText(text: string | null): void {
    this.#number(text === null ? NO_TEXT : this.texts.push(text) - 1);
  }

  #text(text: string | null): void {
    if (text === null) {
      this.#number(NO_TEXT);
      return;
    }
    let place = this.#places.get(text);
    if (place === undefined) {
      place = this.texts.push(text) - 1;
      this.#places.set(text, place);
    }
    this.#number(place);
  }
}

function groupText(group: object): string {
  let text = groupTexts.get(group);
  if (text === undefined) {
    text = JSON.stringify(group);
    groupTexts.set(group, text);
  }
  return text;
}
