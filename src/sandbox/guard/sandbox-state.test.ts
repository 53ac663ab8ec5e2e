import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SANDBOX_STATES, type SandboxState } from '../../contract/sandbox.ts';
import { SandboxLifecycle, SUCCESSORS } from './sandbox-state.ts';

test('a sandbox begins as creating and walks the whole life', () => {
  const seen: string[] = [];
  const lifecycle = new SandboxLifecycle('s', (_id, from, to, reason) => seen.push(`${from}>${to}:${reason}`));
  for (const state of ['ready', 'loaded', 'busy', 'loaded', 'paused', 'loaded', 'busy', 'draining', 'dead'] as const) {
    lifecycle.transition(state, 'test');
    expect(lifecycle.state).toBe(state);
  }
  expect(seen).toHaveLength(9);
  expect(seen[0]).toBe('creating>ready:test');
});

test('any order is either a listed successor, with one event, or sandbox_illegal_state with nothing changed', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...SANDBOX_STATES), { maxLength: 30 }), (steps) => {
      let events = 0;
      const lifecycle = new SandboxLifecycle('s', () => {
        events += 1;
      });
      let state: SandboxState = 'creating';
      for (const next of steps) {
        if (SUCCESSORS[state].includes(next)) {
          lifecycle.transition(next, '');
          state = next;
        } else {
          const before = events;
          expect(() => lifecycle.transition(next, '')).toThrow(
            expect.objectContaining({ code: 'sandbox_illegal_state' }),
          );
          expect(events).toBe(before);
        }
        expect(lifecycle.state).toBe(state);
      }
    }),
  );
});

test('I2: nothing leads from draining or dead back to serving', () => {
  expect(SUCCESSORS.draining).toEqual(['dead']);
  expect(SUCCESSORS.dead).toEqual([]);
});

test('I3: nothing leads back to the generic state', () => {
  for (const [from, to] of Object.entries(SUCCESSORS)) if (from !== 'creating') expect(to).not.toContain('ready');
});
