import fc from 'fast-check';
import { expect, it } from 'vitest';
import { compactJson, isOneValue, JsonScanError, jsonMembers, parseSlice } from './json-members.ts';

it('finds the members of any object as JSON.parse does, whatever the spacing', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.constantFrom(0, 1, 4), (object, indent) => {
      const members = jsonMembers(Buffer.from(JSON.stringify(object, null, indent)));
      const parsed = Object.fromEntries([...(members ?? [])].map(([name, slice]) => [name, parseSlice(slice)]));
      expect(parsed).toEqual(JSON.parse(JSON.stringify(object)));
    }),
  );
});

it('compacts any JSON to what JSON.stringify writes', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(compactJson(Buffer.from(JSON.stringify(value, null, 2))).toString()).toBe(JSON.stringify(value));
      expect(isOneValue(Buffer.from(JSON.stringify(value, null, 2)))).toBe(true);
    }),
  );
});

it('never loops or reads beyond the end on bytes that are not JSON', () => {
  fc.assert(
    fc.property(fc.uint8Array(), fc.constantFrom('', '{', '{"a":', '{"a":[', '{"'), (bytes, prefix) => {
      try {
        jsonMembers(Buffer.concat([Buffer.from(prefix), bytes]));
      } catch (error) {
        expect(error).toBeInstanceOf(JsonScanError);
      }
    }),
  );
});

it.each(['{', '{"a"}', '{"a":}', '{"a":1', '{"a":1,}', '{"a" 1}', '{"a', '{"a":"\\"}', '{a:1}'])(
  'refuses %s',
  (text) => {
    expect(() => jsonMembers(Buffer.from(text))).toThrow(JsonScanError);
  },
);

it.each(['[]', '1', '"x"', '', ' null'])('%s is no object', (text) => {
  expect(jsonMembers(Buffer.from(text))).toBeNull();
});

it.each(['1 2', '[1]]', '', '{"a":1}}', '"a""b"'])('%s is not one value', (text) => {
  expect(isOneValue(Buffer.from(text))).toBe(false);
});

it('keeps and decodes the wanted members alone, however many others there are', () => {
  const many = Object.fromEntries(Array.from({ length: 200_000 }, (_, index) => [`key ${index}`, index]));
  const json = Buffer.from(JSON.stringify({ ...many, statusCode: 201, body: 'x' }));
  const members = jsonMembers(json, ['statusCode', 'body', 'headers']);
  expect([...(members ?? [])].map(([name, slice]) => [name, slice.toString()])).toEqual([
    ['statusCode', '201'],
    ['body', '"x"'],
  ]);
  expect(() => jsonMembers(json)).toThrow(JsonScanError);
});

it('knows a wanted name by its escapes too, and the last of equal names counts', () => {
  const json = Buffer.from('{"body":1,"b\\u006fdy":2,"bodies":3,"bo\\ndy":4}');
  expect([...(jsonMembers(json, ['body']) ?? [])].map(([name, slice]) => [name, slice.toString()])).toEqual([
    ['body', '2'],
  ]);
});
