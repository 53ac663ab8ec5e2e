import { expect, it } from 'vitest';
import { eventProblem, eventToSend } from './event-text.ts';

it('any JSON is an event, and nothing is an empty one', () => {
  for (const text of ['{"a": 1.0}', '7', 'null', '"text"', ' [] ']) expect(eventProblem(text)).toBeNull();
  expect([eventProblem(' \n'), eventToSend(' \n'), eventToSend('{"a": 1.0}')]).toEqual([null, '{}', '{"a": 1.0}']);
});

it('what is no JSON says where it goes wrong', () => {
  expect(eventProblem('{"a":}')).toMatch(/not valid JSON: .+/);
});
