import { expect, test } from 'vitest';
import { longTurnOf, type TurnCause, TurnWatch } from './turn-watch.ts';

/** A watch over a clock of our own, and what it said. */
function watched() {
  const said: [string, unknown][] = [];
  const counted: TurnCause[] = [];
  const log = (level: string) => (fields: unknown) => void said.push([level, fields]);
  let nowMs = 0;
  let workedMs = 0;
  const watch = new TurnWatch({
    log: { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') },
    count: (cause) => counted.push(cause),
    now: () => nowMs,
    workedMs: () => workedMs,
  });
  return {
    ...{ said, counted, stop: () => watch.stop() },
    turn(passedMs: number, ofItWorkedMs: number) {
      nowMs += passedMs;
      workedMs += ofItWorkedMs;
      watch.look();
    },
  };
}

test.each([
  [20, 1, null],
  [70, 70, null],
  [71, 51, 'work'],
  [500, 60, 'work'],
  [500, 50, 'host'],
  [500, 0, 'host'],
])('%s ms between two looks of which the thread worked %s: %s', (passedMs, workedMs, cause) => {
  expect(longTurnOf(passedMs, workedMs)?.cause ?? null).toBe(cause);
});

test('a long turn is counted with its cause, and told with what the thread worked beside what it took', () => {
  const { said, counted, turn, stop } = watched();
  turn(20, 2);
  turn(120, 90);
  turn(320, 3);
  expect(counted).toEqual(['work', 'host']);
  expect(said).toEqual([['warn', { tookMs: 100, workedMs: 90 }]]);
  stop();
});

test('one line in ten seconds, of the worst; what the server did goes before what the host did', () => {
  const { said, turn, stop } = watched();
  turn(120, 90);
  turn(1_000, 5);
  turn(200, 170);
  turn(150, 120);
  turn(9_000, 0);
  expect(said.slice(1)).toEqual([['warn', { tookMs: 180, workedMs: 170 }]]);
  turn(11_000, 0);
  expect(said.slice(2)).toEqual([['debug', { tookMs: 10_980, workedMs: 0 }]]);
  stop();
});

test('it sees what this very thread does', async () => {
  const counted: TurnCause[] = [];
  const quiet = () => undefined;
  const log = { debug: quiet, info: quiet, warn: quiet, error: quiet };
  const watch = new TurnWatch({ log, count: (cause) => counted.push(cause) });
  const { user: fromUs } = process.threadCpuUsage();
  while (process.threadCpuUsage().user - fromUs < 100_000);
  await expect.poll(() => counted).toContain('work');
  watch.stop();
});
