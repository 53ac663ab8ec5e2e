import type { Field, Fields } from '../../../domain/fields.ts';
import type { InvocationRecord } from '../../../domain/invocation.ts';
import { INVOCATION_FIELDS } from '../../../domain/invocation-fields.ts';
import type { TelemetryBatch } from '../../telemetry-store.ts';
import { fieldsOf, functionFrom } from '../fields/field-code.ts';
import { NO_TEXT, type PackedBatch } from './pack-batch.ts';

const unpack = functionFrom<(u: Unpacker) => InvocationRecord>('u', `return ${recordCode(INVOCATION_FIELDS)};`);

/** The batch that was packed. */
export function unpackBatch(packed: PackedBatch): TelemetryBatch {
  const unpacker = new Unpacker(packed);
  const records: InvocationRecord[] = [];
  for (let index = 0; index < packed.records; index++) records.push(unpack(unpacker));
  return { records, refusals: packed.refusals };
}

/** Reads in the order in which the packer wrote. */
class Unpacker {
  readonly #texts: string[];
  readonly #cells: Float64Array;
  /** Keyed by the place of their text. Attempts that share a text share an object, which nobody changes. */
  readonly #groups = new Map<number, unknown>();
  #at = 0;

  constructor({ texts, cells }: PackedBatch) {
    this.#texts = texts;
    this.#cells = cells;
  }

  number(): number | null {
    const value = this.#cells[this.#at++]!;
    return Number.isNaN(value) ? null : value;
  }

  flag(): boolean | null {
    const value = this.number();
    return value === null ? null : value === 1;
  }

  text(): string | null {
    const place = this.#cells[this.#at++]!;
    return place === NO_TEXT ? null : this.#texts[place]!;
  }

  json(): unknown {
    const text = this.text();
    return text === null ? null : JSON.parse(text);
  }

  group(): unknown {
    const place = this.#cells[this.#at++]!;
    if (place === NO_TEXT) return null;
    let group = this.#groups.get(place);
    if (group === undefined) {
      group = JSON.parse(this.#texts[place]!);
      this.#groups.set(place, group);
    }
    return group;
  }

  list(read: () => unknown): unknown[] {
    const count = this.#cells[this.#at++]!;
    const items: unknown[] = [];
    for (let index = 0; index < count; index++) items.push(read());
    return items;
  }
}

/** A literal whose members are read in the order of the fields. */
function recordCode(fields: Fields): string {
  return `{ ${fieldsOf(fields)
    .map(([name, field]) => `${name}: ${valueCode(field)}`)
    .join(', ')} }`;
}

function valueCode(field: Field): string {
  switch (field.kind) {
    case 'integer':
    case 'number':
      return 'u.number()';
    case 'flag':
      return 'u.flag()';
    case 'text':
    case 'word':
      return 'u.text()';
    case 'texts':
      return 'u.json()';
    case 'group':
      return field.isNullable ? 'u.group()' : recordCode(field.fields);
    case 'list':
      return `u.list(() => (${recordCode(field.fields)}))`;
  }
}
