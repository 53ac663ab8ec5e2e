import { Ajv } from 'ajv';
import Type from 'typebox';
import { expect, it } from 'vitest';
import { withoutUnionNoise } from './union-findings.ts';

const NUMBER_OR_NULL = Type.Union([Type.Integer({ minimum: 64 }), Type.Null()]);
const SCHEMA = Type.Object({
  memoryMib: Type.Optional(NUMBER_OR_NULL),
  url: Type.Optional(
    Type.Union([Type.Object({ age: Type.Optional(NUMBER_OR_NULL) }, { additionalProperties: false }), Type.Null()]),
  ),
});

function findings(value: unknown): [string, string | undefined][] {
  const validate = new Ajv({ allErrors: true, strict: false }).compile(SCHEMA);
  validate(value);
  return withoutUnionNoise(validate.errors ?? []).map(({ instancePath, message }) => [instancePath, message]);
}

it('a number out of bounds is said to be that, and not that it is not null', () => {
  expect(findings({ memoryMib: 1 })).toEqual([['/memoryMib', 'must be >= 64']]);
});

it('unions inside unions, too', () => {
  expect(findings({ url: { age: 1 } })).toEqual([['/url/age', 'must be >= 64']]);
  expect(findings({ url: { more: 1 } })).toEqual([['/url', 'must NOT have additional properties']]);
});

it('where a value is of no fitting type at all, everything that was found is kept', () => {
  expect(findings({ memoryMib: 'much' }).map(([path]) => path)).toEqual(['/memoryMib', '/memoryMib', '/memoryMib']);
});
