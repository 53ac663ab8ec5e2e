import { afterEach, beforeEach, expect, it } from 'vitest';
import { MIB } from '../../domain/limits.ts';
import { exchange, repliesOf, until } from '../testing/raw-http.ts';
import { ServerRig } from '../testing/server-rig.ts';
import { BodyBudget } from './body/body-budget.ts';

const CALL = 'POST /api/v1/functions/taker/invoke HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer admin-key\r\n';

let nowMs = 0;
let budget: BodyBudget;
let rig: ServerRig;
let port: number;

beforeEach(async () => {
  rig = await ServerRig.open();
  await rig.deploy('taker', () => 1);
  budget = new BodyBudget(16 * MIB, () => nowMs);
  ({ port } = await rig.listenConsole(budget));
});
afterEach(async () => {
  await rig[Symbol.asyncDispose]();
  expect(budget.heldBytes).toBe(0);
});

/** Sends `sent` of the `declared` bytes of an event, and waits for whatever comes. */
function half(declared: number, sent: number): Promise<string> {
  const head = `${CALL}content-type: application/json\r\ncontent-length: ${declared}\r\n\r\n`;
  return exchange(
    port,
    (socket) => socket.write(head + 'x'.repeat(sent)),
    (text) => text.includes('}'),
  );
}

it('where there is no room, the body that stands still is refused and the next caller is served', async () => {
  const first = half(5 * MIB, 3.5 * MIB);
  await until(() => budget.heldBytes === 3.5 * MIB);
  nowMs += 300;
  const second = half(5 * MIB, 3.5 * MIB);
  await until(() => budget.heldBytes === 7 * MIB);
  nowMs += 300;
  const reply = await fetch(`http://127.0.0.1:${port}/api/v1/functions/taker/invoke`, {
    method: 'POST',
    body: 'x'.repeat(4 * MIB),
    headers: { authorization: 'Bearer admin-key', 'content-type': 'application/json' },
  });
  expect(reply.status).toBe(200);
  expect(repliesOf(await first)[0]?.status).toBe(429);
  // Much came in its first window, nothing in the next.
  for (let window = 0; window < 2; window++) {
    nowMs += 10_000;
    budget.sweep();
  }
  expect(repliesOf(await second)[0]?.status).toBe(408);
});

it('a body that moves less than 10 KiB in 10 s is refused, sign-in among them, and its bytes are free at once', async () => {
  const call = half(1_000, 10);
  const signIn = exchange(
    port,
    'POST /api/v1/session HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{',
    (text) => text.includes('}'),
  );
  await until(() => budget.heldBytes === 11);
  nowMs += 10_000;
  budget.sweep();
  expect(budget.heldBytes).toBe(0);
  expect([repliesOf(await call)[0]?.status, repliesOf(await signIn)[0]?.status]).toEqual([408, 408]);
});
