import { duplexPair } from 'node:stream';
import { afterEach, expect, test } from 'vitest';
import { GuestControl } from './guest-control.ts';

const NEVER = new AbortController().signal;
const ends: { destroy(): void }[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end.destroy();
});

/** A control connection whose guest says what the test wants. */
function connected(): { control: GuestControl; say: (text: string) => void; heard: () => Record<string, unknown>[] } {
  const [host, guest] = duplexPair();
  ends.push(host, guest);
  let text = '';
  guest.setEncoding('utf8').on('data', (piece: string) => {
    text += piece;
  });
  const heard = () =>
    text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  return { control: new GuestControl(host), say: (line) => guest.write(line), heard };
}

test('that the program runs is told apart from that it is ready', async () => {
  const { control, say } = connected();
  const command = { command: ['python3'], env: {}, memoryMib: 1, heapMib: 1, diskMib: 1, pidsMax: 1 };
  let isReady = false;
  const booting = control.boot({ ...command, settle: false, code: true }, NEVER).then(() => {
    isReady = true;
  });
  say('{"event":"started"}\n');
  await control.started;
  expect(isReady).toBe(false);
  say('{"event":"ready"}\n');
  await booting;
});

test('each question is answered by its own word, however the bytes are cut', async () => {
  const { control, say, heard } = connected();
  const network = { address: '10.208.0.2', gateway: '10.208.0.1', mac: '02:cf:0a:d0:00:02', resolvConf: '' };
  const beginning = control.begin(network, NEVER);
  say('{"event":"be');
  say('gun"}\n');
  await beginning;
  const mounting = control.mountCode(NEVER);
  say('{"event":"coded"}\n');
  await mounting;
  const [begin, code] = heard();
  expect([begin?.op, begin?.network, code?.op]).toEqual(['begin', network, 'code']);
  expect(begin?.entropy).not.toBe(code?.entropy);
  expect(Math.abs(Number(begin?.wallTimeMs) - Date.now())).toBeLessThan(10_000);
});

test('kills for memory are counted and never taken back; the end is told once', async () => {
  const { control, say } = connected();
  say('{"event":"oom","kills":2}\n{"event":"oom","kills":1}\n');
  say('{"event":"exit","exitCode":null,"signal":"SIGKILL","oomKills":2}\n');
  expect(await control.exited).toEqual({ exitCode: null, signal: 'SIGKILL', oomKills: 2 });
  expect(control.oomKills).toBe(2);
});

test('a guest that fails, lies, talks rubbish or goes away ends whoever waits with a reason', async () => {
  for (const [said, reason] of [
    ['{"event":"failed","detail":"no drive"}\n', 'no drive'],
    ['{"event":"coded"}\n', 'unasked'],
    ['rubbish\n', 'no message'],
    ['null\n', 'no message'],
    ['{"event":"oom","kills":-1}\n', 'no message'],
    ['x'.repeat(70_000), 'endless'],
    ['{"event":"exit","exitCode":1,"signal":null,"oomKills":0}\n', 'the shim ended'],
  ] as const) {
    const { control, say } = connected();
    const asked = control.begin(null, NEVER);
    say(said);
    await expect(asked, said.slice(0, 40)).rejects.toMatchObject({
      code: 'sandbox_start_failed',
      message: expect.stringContaining(reason),
    });
  }
  const { control } = connected();
  const asked = control.begin(null, NEVER);
  control.close();
  await expect(asked).rejects.toMatchObject({ code: 'sandbox_start_failed' });
  await expect(control.mountCode(NEVER)).rejects.toMatchObject({ code: 'sandbox_start_failed' });
});

test('an abort ends the waiting at once', async () => {
  const { control } = connected();
  const controller = new AbortController();
  const asked = control.begin(null, controller.signal);
  controller.abort(new Error('enough'));
  await expect(asked).rejects.toThrow('enough');
});
