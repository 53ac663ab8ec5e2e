import fc from 'fast-check';
import { expect, it } from 'vitest';
import { memberText } from './member-text.ts';

it('gives a member as it was written', () => {
  const json =
    '{"invocation":{"result":1,"x":"}\\",{"},"result": {"n":1.0,"big":12345678901234567890} ,"resultText":null}';
  expect(memberText(json, 'result')).toBe('{"n":1.0,"big":12345678901234567890}');
  expect([memberText(json, 'resultText'), memberText(json, 'x'), memberText('{}', 'a')]).toEqual(['null', null, null]);
});

it('whatever the values, each member reads back the same', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue(), { noNullPrototype: true }), (object) => {
      const json = JSON.stringify(object);
      for (const [name, value] of Object.entries(JSON.parse(json) as Record<string, unknown>))
        expect(JSON.parse(memberText(json, name) as string)).toEqual(value);
    }),
  );
});
