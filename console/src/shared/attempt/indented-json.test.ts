import fc from 'fast-check';
import { expect, it } from 'vitest';
import { indentedJson } from './indented-json.ts';

it('parts stand on lines of their own; empty ones stay together', () => {
  expect(indentedJson('{"a":[1,{"b":[]}],"c":{}}')).toBe(
    '{\n  "a": [\n    1,\n    {\n      "b": []\n    }\n  ],\n  "c": {}\n}',
  );
});

it('numbers and strings are as they were sent', () => {
  const text = '{"n": 1.0, "big": 12345678901234567890, "s": "a\\u0041, {x: \\"y\\"}"}';
  expect(indentedJson(text)).toBe('{\n  "n": 1.0,\n  "big": 12345678901234567890,\n  "s": "a\\u0041, {x: \\"y\\"}"\n}');
});

it('what is no JSON, or nested beyond reading, comes back as it is', () => {
  const deep = '['.repeat(100) + ']'.repeat(100);
  for (const text of ['{oops', '', 'plain', deep]) expect(indentedJson(text)).toBe(text);
});

it('whatever the value, it reads back the same', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 6 }), (value) => {
      expect(JSON.parse(indentedJson(JSON.stringify(value)))).toEqual(JSON.parse(JSON.stringify(value)));
    }),
  );
});
