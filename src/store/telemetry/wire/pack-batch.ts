import type { Field, Fields } from '../../../domain/fields.ts';
import type { InvocationRecord } from '../../../domain/invocation.ts';
import { INVOCATION_FIELDS } from '../../../domain/invocation-fields.ts';
import type { RefusalCount, TelemetryBatch } from '../../telemetry-store.ts';
import { fieldsOf, functionFrom } from '../fields/field-code.ts';

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

/** Groups that may be null (receipts) are shared by all attempts of a sandbox, so each is turned into texts once. */
const groupTexts = new WeakMap<object, string>();

const cellCount = functionFrom<(record: InvocationRecord) => number>('r', countCode(INVOCATION_FIELDS));
const pack = functionFrom<(record: InvocationRecord, p: Packer) => void>('r, p', packCode(INVOCATION_FIELDS, 'r'));

export function packBatch(batch: TelemetryBatch): PackedBatch {
  let cells = 0;
  for (const record of batch.records) cells += cellCount(record);
  const packer = new Packer(cells);
  for (const record of batch.records) pack(record, packer);
  return { texts: packer.texts, cells: packer.cells, records: batch.records.length, refusals: batch.refusals };
}

class Packer {
  readonly texts: string[] = [];
  readonly cells: Float64Array<ArrayBuffer>;
  readonly #places = new Map<string, number>();
  #at = 0;

  constructor(cells: number) {
    this.cells = new Float64Array(cells);
  }

  /** NaN stands for null. */
  number(value: number | null): void {
    if (this.#at >= this.cells.length) throw new RangeError('a record has more fields than were counted');
    this.cells[this.#at++] = value ?? Number.NaN;
  }

  flag(value: boolean | null): void {
    this.number(value === null ? null : Number(value));
  }

  /** A text that hardly ever repeats, so it is not looked up. */
  variedText(text: string | null): void {
    this.number(text === null ? NO_TEXT : this.texts.push(text) - 1);
  }

  text(text: string | null): void {
    if (text === null) {
      this.number(NO_TEXT);
      return;
    }
    let place = this.#places.get(text);
    if (place === undefined) {
      place = this.texts.push(text) - 1;
      this.#places.set(text, place);
    }
    this.number(place);
  }

  group(group: object | null): void {
    this.text(group && groupText(group));
  }

  json(value: unknown): void {
    this.variedText(value === null ? null : JSON.stringify(value));
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

/** Writes the fields of `record` in their order. */
function packCode(fields: Fields, record: string): string {
  return fieldsOf(fields)
    .map(([name, field]) => valueCode(field, `${record}.${name}`))
    .join(' ');
}

function valueCode(field: Field, value: string): string {
  switch (field.kind) {
    case 'integer':
    case 'number':
      return `p.number(${value});`;
    case 'flag':
      return `p.flag(${value});`;
    case 'text':
      return field.isVaried === true ? `p.variedText(${value});` : `p.text(${value});`;
    case 'word':
      return `p.text(${value});`;
    case 'texts':
      return `p.json(${value});`;
    case 'group':
      return field.isNullable ? `p.group(${value});` : packCode(field.fields, value);
    case 'list': {
      const item = itemOf(value);
      return `p.number(${value}.length); for (const ${item} of ${value}) { ${packCode(field.fields, item)} }`;
    }
  }
}

/** Counts the cells that `packCode` writes: one for a value; for a list, one and those of its items. */
function countCode(fields: Fields): string {
  return `let cells = 0; ${addCode(fields, 'r')} return cells;`;
}

function addCode(fields: Fields, record: string): string {
  let cells = 0;
  let lists = '';
  const add = (inner: Fields, path: string): void => {
    for (const [name, field] of fieldsOf(inner)) {
      const value = `${path}.${name}`;
      if (field.kind === 'group' && !field.isNullable) add(field.fields, value);
      else cells++;
      if (field.kind === 'list')
        lists += `for (const ${itemOf(value)} of ${value}) { ${addCode(field.fields, itemOf(value))} } `;
    }
  };
  add(fields, record);
  return `cells += ${cells}; ${lists}`;
}

/** A name for one item of the list at `path` that no item around it has. */
function itemOf(path: string): string {
  return `${path.replaceAll('.', '_')}_item`;
}
