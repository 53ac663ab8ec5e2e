import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CallTurns, type TurnTaker } from './call-turns.ts';

interface Call extends TurnTaker {
  number: number;
}

function call(caller: string, number = 0, isLeft = false): Call {
  return { caller, number, isGivenUp: () => isLeft };
}

test('callers take turns, and the calls of one come in their order', () => {
  const turns = new CallTurns<Call>();
  for (let number = 0; number < 4; number++) turns.push(call('many', number));
  turns.push(call('one'));
  turns.push(call('two'));
  const taken = Array.from({ length: 7 }, () => turns.take());
  expect(taken.map((taker) => taker && `${taker.caller} ${taker.number}`)).toEqual([
    'many 0',
    'one 0',
    'two 0',
    'many 1',
    'many 2',
    'many 3',
    null,
  ]);
});

test('between two turns of a caller who waits, every other caller has one turn at most; nothing is lost or taken twice', () => {
  const step = fc.oneof(
    fc.record({ caller: fc.constantFrom('a', 'b', 'c', 'd'), isLeft: fc.boolean() }),
    fc.constant('take' as const),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const turns = new CallTurns<Call>();
      const waiting = new Map<string, number[]>();
      /** By caller: who had a turn since it had one itself, or began to wait. */
      const passedBy = new Map<string, Set<string>>();
      const take = (): boolean => {
        const taken = turns.take();
        const all = [...waiting].filter(([, numbers]) => numbers.length > 0);
        if (taken === null) {
          expect(all).toEqual([]);
          return false;
        }
        expect(waiting.get(taken.caller)!.shift()).toBe(taken.number);
        passedBy.set(taken.caller, new Set());
        for (const [caller] of all) {
          if (caller === taken.caller) continue;
          expect(passedBy.get(caller)!).not.toContain(taken.caller);
          passedBy.get(caller)!.add(taken.caller);
        }
        return true;
      };
      for (const [number, one] of steps.entries()) {
        if (one === 'take') {
          take();
          continue;
        }
        turns.push(call(one.caller, number, one.isLeft));
        if (one.isLeft) continue;
        const numbers = waiting.get(one.caller) ?? [];
        if (numbers.length === 0) passedBy.set(one.caller, new Set());
        waiting.set(one.caller, [...numbers, number]);
      }
      while (take());
    }),
  );
});

test('a caller all of whose calls were given up has no turn', () => {
  const turns = new CallTurns<Call>();
  turns.push(call('left', 1, true));
  turns.push(call('left', 2, true));
  turns.push(call('stays'));
  expect(turns.take()?.caller).toBe('stays');
  expect(turns.take()).toBeNull();
});
