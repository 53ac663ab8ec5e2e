import { describe, expect, test } from 'vitest';
import { LIMITS } from '../domain/limits.ts';
import { ISOLATIONS, type Isolation } from '../domain/names.ts';
import { revisionOf } from '../pool/testing/pool-testbed.ts';
import { admit } from './admit.ts';
import type { InvokeRequest } from './types.ts';

const OPEN = { isDraining: false, recordsAccepting: true };

function request(more: Partial<InvokeRequest> = {}): InvokeRequest {
  return {
    id: 'a',
    target: revisionOf('a'),
    mode: 'sync',
    trigger: 'api',
    event: new Uint8Array(),
    traceId: null,
    minIsolation: null,
    stream: null,
    clientGone: null,
    receivedAtMs: 0,
    ...more,
  };
}

function under(isolation: Isolation, minIsolation: Isolation | null): InvokeRequest {
  const target = revisionOf('a');
  return request({ target: { ...target, revision: { ...target.revision, isolation } }, minIsolation });
}

describe('admission', () => {
  test.each([
    ['an ordinary call', request(), OPEN, null],
    ['while draining', request(), { ...OPEN, isDraining: true }, 'draining'],
    ['while records cannot keep up', request(), { ...OPEN, recordsAccepting: false }, 'records_backlog'],
    ['the largest event', request({ event: new Uint8Array(LIMITS.payloadMaxBytes) }), OPEN, null],
    ['a byte more', request({ event: new Uint8Array(LIMITS.payloadMaxBytes + 1) }), OPEN, 'payload_too_large'],
  ])('%s: %#', (_what, call, state, code) => {
    expect(admit(call, state)?.code ?? null).toBe(code);
  });

  test('a minimum is met by itself and everything above it, by nothing below', () => {
    for (const [at, isolation] of ISOLATIONS.entries()) {
      expect(admit(under(isolation, null), OPEN)).toBeNull();
      for (const [minAt, minimum] of ISOLATIONS.entries()) {
        const code = admit(under(isolation, minimum), OPEN)?.code ?? null;
        expect(code, `${isolation} for ${minimum}`).toBe(at < minAt ? 'isolation_below_minimum' : null);
      }
    }
  });

  test('I7: a refusal of a minimum names both isolations', () => {
    expect(admit(under('process', 'gvisor'), OPEN)?.publicMessage).toMatch(/process.*gvisor/);
  });
});
