import { toString as cronWords } from 'cronstrue';
import { parseExpression } from './parse-expression.ts';

const UNITS: readonly [string, number][] = [
  ['week', 7 * 86_400_000],
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1_000],
];

/** What an expression says, for people: "At 02:30, Monday through Friday". Throws `invalid_schedule`. */
export function expressionWords(text: string, timezone: string): string {
  const expression = parseExpression(text);
  if (expression.kind === 'rate') return rateWords(expression.everyMs);
  if (expression.kind === 'at')
    return 'instantMs' in expression
      ? `Once, at ${timeText(expression.instantMs)} UTC`
      : `Once, at ${timeText(expression.localMs)} in ${timezone}`;
  const isAws = expression.dialect === 'aws';
  const words = cronWords(expression.pattern, {
    use24HourTimeFormat: true,
    verbose: false,
    dayOfWeekStartIndexZero: !isAws,
    throwExceptionOnParseError: false,
  });
  return `${words}, in ${timezone}`;
}

function rateWords(everyMs: number): string {
  const [unit, unitMs] = UNITS.find(([, ms]) => everyMs % ms === 0) ?? ['second', 1_000];
  const count = everyMs / unitMs;
  return count === 1 ? `Every ${unit}` : `Every ${count} ${unit}s`;
}

function timeText(ms: number): string {
  return new Date(ms).toISOString().slice(0, 19).replace('T', ' ');
}
