import { expect, it } from 'vitest';
import type { Principal } from '../../../auth/principal.ts';
import { DEFAULT_WORKSPACE } from '../../../domain/default-workspace.ts';
import { CallerShares } from './caller-shares.ts';

const by = (keyId: string | null, sessionId: string | null = null): Principal => ({
  workspaceId: DEFAULT_WORKSPACE,
  scopes: ['read'],
  keyId,
  sessionId,
});
const codeOf = (enter: () => unknown): unknown => {
  try {
    enter();
    return 'in';
  } catch (error) {
    return (error as { code: string }).code;
  }
};

it('one key, through however many sessions, holds its share and no more; others still get in', () => {
  const shares = new CallerShares({ what: 'streams', total: 5, each: 2 });
  const leave = shares.enter(by('a'));
  shares.enter(by('a', 's1'));
  expect(codeOf(() => shares.enter(by('a', 's2')))).toBe('overloaded');
  expect(codeOf(() => shares.enter(by('b')))).toBe('in');
  leave();
  leave();
  expect(codeOf(() => shares.enter(by('a')))).toBe('in');
  expect(codeOf(() => shares.enter(by('a')))).toBe('overloaded');
});

it('sessions by link count each for itself, and all together are bounded', () => {
  const shares = new CallerShares({ what: 'streams', total: 3, each: 2 });
  for (const session of ['s1', 's1', 's2']) shares.enter(by(null, session));
  expect(codeOf(() => shares.enter(by(null, 's3')))).toBe('overloaded');
});

it('a refusal says what is too much, whose share it is and when to come back', () => {
  const shares = new CallerShares({ what: 'tries', total: 64, each: 0 });
  expect(() => shares.enter(by('a'))).toThrow(
    expect.objectContaining({ publicMessage: expect.stringContaining('its share of 64'), retryAfterSeconds: 5 }),
  );
});
