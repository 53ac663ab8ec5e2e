import { expect, test } from 'vitest';
import { expressionWords } from './expression-words.ts';

test.each([
  ['*/5 * * * *', 'Every 5 minutes, in UTC'],
  ['30 2 * * 1-5', 'At 02:30, Monday through Friday, in UTC'],
  ['15 * * * * *', 'At 15 seconds past the minute, in UTC'],
  ['@daily', 'At 00:00, in UTC'],
  ['cron(0 10 ? * 2 *)', 'At 10:00, only on Monday, in UTC'],
  ['rate(1 hour)', 'Every hour'],
  ['rate(90 seconds)', 'Every 90 seconds'],
  ['rate(14 days)', 'Every 2 weeks'],
  ['at(2027-01-31T09:00:00)', 'Once, at 2027-01-31 09:00:00 in UTC'],
  ['2027-01-31T09:00:00+01:00', 'Once, at 2027-01-31 08:00:00 UTC'],
])('%s is said as: %s', (expression, words) => {
  expect(expressionWords(expression, 'UTC')).toBe(words);
});
