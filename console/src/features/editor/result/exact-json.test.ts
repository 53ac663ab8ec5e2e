import { expect, it } from 'vitest';
import { indentJson, memberText } from './exact-json.ts';

it('numbers stay as they were written', () => {
  expect(indentJson('{"a":1.0,"b":[12345678901234567890,1e2]}')).toBe(
    '{\n  "a": 1.0,\n  "b": [\n    12345678901234567890,\n    1e2\n  ]\n}',
  );
  expect(memberText('{"invocation":{"n":1},"result":{"x":1.0},"resultText":null}', 'result')).toBe('{"x":1.0}');
  expect(memberText('{"a":1}', 'result')).toBeNull();
});

it('what is no JSON is shown as it is', () => {
  expect(indentJson('step 1\nstep 2')).toBe('step 1\nstep 2');
});
