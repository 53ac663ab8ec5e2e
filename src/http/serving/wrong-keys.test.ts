import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { exchange } from '../testing/raw-http.ts';
import { ServerRig } from '../testing/server-rig.ts';
import { networkOf, WrongKeys } from './wrong-keys.ts';

/** Never within a test: what waits, waits until the listener closes. */
const FOR_EVER_MS = 3_600_000;
let rig: ServerRig;
const closing: (() => Promise<void>)[] = [];

beforeAll(async () => {
  rig = await ServerRig.open();
  await rig.deploy('keyed', () => 1, { url: { auth: 'key' } });
});
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});
afterAll(() => rig[Symbol.asyncDispose]());

async function consolePort(wrongKeys: WrongKeys): Promise<number> {
  const { http, port } = await rig.listenConsole(undefined, wrongKeys);
  closing.push(() => http.close(1));
  return port;
}

async function functionsPort(wrongKeys: WrongKeys): Promise<number> {
  const { http, port } = await rig.listenFunctions(undefined, wrongKeys);
  closing.push(() => http.close(1));
  return port;
}

const asking = (line: string, key: string, body = '') =>
  `${line} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${key}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`;
const signIn = (key: string) =>
  asking('POST /api/v1/session', '', JSON.stringify({ key })).replace(/authorization.*\r\n/, '');
const WAYS: [string, (wrongKeys: WrongKeys) => Promise<number>, (key: string) => string, RegExp, RegExp][] = [
  ['the API', consolePort, (key) => asking('GET /api/v1/functions', key), /^HTTP\/1.1 200 /, /^HTTP\/1.1 401 /],
  [
    'a call',
    consolePort,
    (key) => asking('POST /api/v1/functions/hello/invoke', key, '{}'),
    /^HTTP\/1.1 200 /,
    /^HTTP\/1.1 401 /,
  ],
  [
    'a whole call in the lane',
    consolePort,
    (key) => asking('POST /api/v1/functions/hello/invoke', key, '{}').replace('connection: close\r\n', ''),
    /^HTTP\/1.1 200 /,
    /^HTTP\/1.1 401 /,
  ],
  ['sign-in', consolePort, signIn, /^HTTP\/1.1 201 /, /^HTTP\/1.1 401 /],
  ['a function URL', functionsPort, (key) => asking('GET /fn/keyed', key), /^HTTP\/1.1 200 /, /^HTTP\/1.1 403 /],
];
const isHead = (text: string) => text.includes('\r\n\r\n');

describe.each(WAYS)('by %s', (_name, portOf, asks, right, wrong) => {
  it('wrong keys wait after ten, too many at once are closed, and the right one is answered meanwhile', async () => {
    const port = await portOf(new WrongKeys(FOR_EVER_MS));
    for (let guess = 0; guess < 10; guess++)
      expect(await exchange(port, asks(`wrong-${guess}`), isHead)).toMatch(wrong);
    const guesses = Array.from({ length: 15 }, (_, guess) => exchange(port, asks(`wrong-${guess}`), isHead));
    const settled = guesses.map((guess) => guess.catch((error: Error) => `${error.message}`));
    let closed = 0;
    const fiveAreClosed = new Promise<void>((resolve) => {
      for (const guess of settled) void guess.then((text) => text === '' && ++closed === 5 && resolve());
    });
    await fiveAreClosed;
    expect(await exchange(port, asks('admin-key'), isHead)).toMatch(right);
    expect(closed).toBe(5);
    for (const close of closing.splice(0)) await close();
    await Promise.all(settled);
  });

  it('a wrong key that waited is answered then', async () => {
    const port = await portOf(new WrongKeys(1));
    for (let guess = 0; guess < 12; guess++)
      expect(await exchange(port, asks(`wrong-${guess}`), isHead)).toMatch(wrong);
  });
});

it('a minute without a wrong key is a new beginning, and other networks are not slowed', async () => {
  let nowMs = 0;
  let closed = 0;
  const wrongKeys = new WrongKeys(FOR_EVER_MS, () => nowMs);
  const from = (remoteAddress: string) => ({ remoteAddress, destroy: () => void closed++ }) as never;
  for (let guess = 0; guess < 10; guess++) await wrongKeys.slow(from('2001:db8::1'));
  for (let guess = 0; guess < 11; guess++) void wrongKeys.slow(from(`2001:db8::${guess}:1`));
  expect(closed).toBe(1);
  await wrongKeys.slow(from('2001:db8:0:1::1'));
  nowMs = 60_000;
  await wrongKeys.slow(from('2001:db8::1'));
});

it.each([
  ['10.1.2.3', '10.1.2.3'],
  ['::ffff:10.1.2.3', '10.1.2.3'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:0db8:1:2::9', '2001:db8:1:2::/64'],
  ['2001:db8::', '2001:db8:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ['', ''],
])('%j counts as %j', (address, network) => {
  expect(networkOf(address)).toBe(network);
});
