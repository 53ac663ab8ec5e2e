import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { parseEgressAllow } from '../../../domain/egress-allow.ts';
import { CONNECTIONS_EACH_MAX, DnsForwarder, PENDING_EACH_MAX } from './dns-forwarder.ts';

const log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const cleanups: (() => Promise<unknown> | unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

function questionOf(type: number, id = 0x0102): Buffer {
  const name = Buffer.concat(['example', 'org'].map((label) => Buffer.from([label.length, ...Buffer.from(label)])));
  const head = Buffer.from([id >> 8, id & 0xff, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
  return Buffer.concat([head, name, Buffer.from([0, 0, type, 0, 1])]);
}

/** The question with one A record behind it, its name compressed. */
function answerOf(question: Buffer, address: string): Buffer {
  const answer = Buffer.concat([
    question,
    Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4]),
    Buffer.from(address.split('.').map(Number)),
  ]);
  answer[2] = 0x81;
  answer[3] = 0x80;
  answer.writeUInt16BE(1, 6);
  return answer;
}

/** Answers every question as told; null stays silent. */
async function upstream(
  answer: (question: Buffer) => Buffer[] | null,
): Promise<{ address: string; port: number; asked: Buffer[] }> {
  const socket = createSocket('udp4');
  const asked: Buffer[] = [];
  socket.on('message', (question, from) => {
    asked.push(question);
    for (const one of answer(question) ?? []) socket.send(one, from.port, from.address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  cleanups.push(() => socket.close());
  return { address: '127.0.0.1', port: socket.address().port, asked };
}

async function forwarder(upstreams: { address: string; port: number }[], allow = ''): Promise<number> {
  const options = { address: '127.0.0.1', port: 0, log, upstreams: () => upstreams };
  const made = new DnsForwarder({ ...options, allow: allow === '' ? [] : parseEgressAllow(allow)! });
  cleanups.push(() => made.close());
  return await made.listen();
}

async function client(address = '127.0.0.1'): Promise<Socket> {
  const socket = createSocket('udp4');
  cleanups.push(() => socket.close());
  socket.bind(0, address);
  await once(socket, 'listening');
  return socket;
}

async function ask(port: number, question: Buffer): Promise<Buffer> {
  const socket = await client();
  socket.send(question, port, '127.0.0.1');
  const [answer] = (await once(socket, 'message', { signal: AbortSignal.timeout(10_000) })) as [Buffer];
  return answer;
}

async function until(holds: () => boolean): Promise<void> {
  const endMs = performance.now() + 10_000;
  while (!holds()) {
    if (performance.now() > endMs) throw new Error('not within 10 s');
    await new Promise((resolve) => setImmediate(resolve));
  }
}

const rcode = (answer: Buffer): number => answer[3]! & 0x0f;
const addressIn = (answer: Buffer): string => [...answer.subarray(-4)].join('.');

describe('the resolver for egress', () => {
  test('hands a question on under an id of its own and the answer back under the asker’s', async () => {
    const host = await upstream((question) => [answerOf(question, '45.55.32.9')]);
    const answer = await ask(await forwarder([host]), questionOf(1));
    expect([answer.readUInt16BE(0), rcode(answer), addressIn(answer)]).toEqual([0x0102, 0, '45.55.32.9']);
  });

  test.each(['10.1.2.3', '127.0.0.1', '169.254.169.254', '192.168.1.1', '100.64.1.1', '0.0.0.0'])(
    'refuses a public name that points at %s',
    async (address) => {
      const host = await upstream((question) => [answerOf(question, address)]);
      const answer = await ask(await forwarder([host]), questionOf(1));
      expect([rcode(answer), answer.readUInt16BE(6)]).toEqual([5, 0]);
    },
  );

  test('lets a private address through that the operator allows', async () => {
    const host = await upstream((question) => [answerOf(question, '10.1.2.3')]);
    expect(addressIn(await ask(await forwarder([host], '10.1.0.0/16'), questionOf(1)))).toBe('10.1.2.3');
  });

  test('answers IPv6 with nothing, without asking anybody', async () => {
    const host = await upstream((question) => [answerOf(question, '45.55.32.9')]);
    const answer = await ask(await forwarder([host]), questionOf(28));
    expect([rcode(answer), answer.readUInt16BE(6), host.asked]).toEqual([0, 0, []]);
  });

  test('does not believe an answer with another id or another question', async () => {
    const host = await upstream((question) => {
      const wrongId = answerOf(question, '45.55.32.1');
      wrongId.writeUInt16BE(wrongId.readUInt16BE(0) ^ 1, 0);
      const wrongName = answerOf(question, '45.55.32.2');
      wrongName[13] = 0x78;
      return [wrongId, wrongName, answerOf(question, '45.55.32.9')];
    });
    expect(addressIn(await ask(await forwarder([host]), questionOf(1)))).toBe('45.55.32.9');
  });

  test('asks the second resolver when the first is silent, and says so when none answers', async () => {
    const silent = await upstream(() => null);
    const second = await upstream((question) => [answerOf(question, '45.55.32.9')]);
    expect(addressIn(await ask(await forwarder([silent, second]), questionOf(1)))).toBe('45.55.32.9');
    expect(rcode(await ask(await forwarder([]), questionOf(1)))).toBe(2);
  });

  test('says nothing to what is no plain question, and goes on answering', async () => {
    const host = await upstream((question) => [answerOf(question, '45.55.32.9')]);
    const port = await forwarder([host]);
    const socket = await client();
    const update = questionOf(1);
    update[2] = 0x28;
    for (const rubbish of [Buffer.alloc(0), Buffer.alloc(3), Buffer.alloc(600, 7), update, questionOf(252)])
      socket.send(rubbish, port, '127.0.0.1');
    expect(addressIn(await ask(port, questionOf(1)))).toBe('45.55.32.9');
    expect(host.asked).toHaveLength(1);
  });

  test('one sandbox has its share of questions at once, and a flood of several keeps a newcomer from nothing', async () => {
    const flood = questionOf(1);
    flood[13] = 0x7a;
    const host = await upstream((question) => (question[13] === 0x7a ? null : [answerOf(question, '45.55.32.9')]));
    const port = await forwarder([host]);
    const flooders = await Promise.all([2, 3, 4, 5].map((n) => client(`127.0.0.${n}`)));
    for (const socket of flooders) {
      const before = host.asked.length;
      for (let sent = 0; sent < 2 * PENDING_EACH_MAX; sent += 1) socket.send(flood, port, '127.0.0.1');
      await until(() => host.asked.length - before >= PENDING_EACH_MAX);
      for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setImmediate(resolve));
      expect(host.asked.length - before).toBe(PENDING_EACH_MAX);
    }
    // All places are taken now, and none of these questions will be answered.
    expect(addressIn(await ask(port, questionOf(1)))).toBe('45.55.32.9');
  });

  test('an idle connection and one whose question dribbles in are ended, and nobody can hold all of them', async () => {
    const host = await upstream((question) => [answerOf(question, '45.55.32.9')]);
    const port = await forwarder([host]);
    const open = Array.from({ length: 5 * CONNECTIONS_EACH_MAX }, (_, n) => {
      const socket = connect({ port, host: '127.0.0.1', localAddress: `127.0.0.${2 + (n % 5)}` });
      cleanups.push(() => socket.destroy());
      socket.on('error', () => {});
      return { socket, closed: new Promise((resolve) => socket.once('close', resolve)) };
    });
    const dribble = setInterval(() => open.at(-1)?.socket.write(Buffer.of(0)), 100);
    cleanups.push(() => clearInterval(dribble));
    const socket = connect(port, '127.0.0.1');
    const question = questionOf(1);
    socket.write(Buffer.concat([Buffer.from([0, question.length]), question]));
    expect(addressIn(Buffer.concat(await socket.toArray()))).toBe('45.55.32.9');
    for (const one of open) one.socket.resume();
    await Promise.all(open.map(({ closed }) => closed));
  });

  test('answers over TCP too', async () => {
    const host = await upstream((question) => [answerOf(question, '45.55.32.9')]);
    const socket = connect(await forwarder([host]), '127.0.0.1');
    const question = questionOf(1);
    socket.write(Buffer.concat([Buffer.from([0, question.length]), question]));
    const pieces = await socket.toArray();
    const answer = Buffer.concat(pieces);
    expect([answer.readUInt16BE(0), addressIn(answer)]).toEqual([answer.length - 2, '45.55.32.9']);
  });
});
