import { afterEach, expect, test } from 'vitest';
import type { SandboxReply } from '../../contract/sandbox.ts';
import { type MemoryRig, memoryRig } from '../conformance/memory-rig.ts';
import { parkedCalls } from '../conformance/parked-calls.ts';
import { call, loaded, NEVER, NO_CODE, settingsOf, specOf, until } from '../conformance/sandbox-rig.ts';

const ILLEGAL = expect.objectContaining({ code: 'sandbox_illegal_state' });
const { parked, park } = parkedCalls();

let rig: MemoryRig | null = null;
afterEach(async () => {
  await rig?.close();
  rig = null;
});

test('the event goes in and the result comes out byte by byte, whatever they hold', async () => {
  const bytes = Buffer.from('{"__proto__":{"a":1},"n":1.0}');
  rig = await memoryRig((event) => event);
  const sandbox = await rig.sandbox();
  const { reply } = await call(sandbox, bytes);
  expect(reply.kind === 'result' && Buffer.from(reply.body).equals(bytes)).toBe(true);
});

test('the shim sees request id, remaining time and whether it may stream', async () => {
  rig = await memoryRig((_event, { requestId, remainingMs, streaming }) => ({ requestId, remainingMs, streaming }));
  const sandbox = await rig.sandbox();
  const { value } = await call(sandbox, {}, { requestId: 'r"1', timeoutMs: 1234, traceId: 'Root=1-2' });
  expect(value).toEqual({ requestId: 'r"1', remainingMs: 1234, streaming: false });
});

test('onSettled comes after onReply, once each, and the slot is free by then but not before', async () => {
  rig = await memoryRig((event) => event);
  const sandbox = await rig.sandbox();
  const seen: string[] = [];
  const request = {
    requestId: 'r',
    functionArn: 'a',
    timeoutMs: 1000,
    traceId: null,
    event: Buffer.from('1'),
    stream: null,
  };
  await new Promise<void>((resolve) => {
    sandbox.invoke(
      request,
      () => seen.push(`reply ${sandbox.inFlight} ${sandbox.state}`),
      () => {
        seen.push(`settled ${sandbox.inFlight} ${sandbox.state}`);
        resolve();
      },
    );
  });
  expect(seen).toEqual(['reply 1 busy', 'settled 0 loaded']);
});

test('a call may be sent from within onSettled of the one before', async () => {
  rig = await memoryRig((event) => event);
  const sandbox = await rig.sandbox();
  let left = 50;
  const request = {
    requestId: 'r',
    functionArn: 'a',
    timeoutMs: 1000,
    traceId: null,
    event: Buffer.from('1'),
    stream: null,
  };
  await new Promise<void>((resolve) => {
    const next = (): void => {
      if (left-- > 0) sandbox.invoke(request, () => {}, next);
      else resolve();
    };
    next();
  });
  expect(sandbox.inFlight).toBe(0);
});

test('concurrency is the load setting, and one call more is illegal', async () => {
  rig = await memoryRig(park);
  const sandbox = await rig.sandbox({ concurrency: 3 });
  const calls = [call(sandbox, {}), call(sandbox, {}), call(sandbox, {})];
  expect(sandbox.inFlight).toBe(3);
  await expect(call(sandbox, {})).rejects.toEqual(ILLEGAL);
  await until('all arrived', () => parked.length === 3);
  for (const one of parked.reverse()) one.reply(Buffer.from(String(one.stream)));
  expect((await Promise.all(calls)).map((finished) => finished.value)).toEqual([1, 2, 3]);
  expect(sandbox.state).toBe('loaded');
});

test('load is legal once, in ready, and a failed delivery kills the sandbox', async () => {
  rig = await memoryRig((event) => event, {
    onDeliver: () => {
      throw new Error('no inodes');
    },
  });
  const sandbox = await rig.guard.create(specOf(), NEVER);
  await expect(call(sandbox, {})).rejects.toEqual(ILLEGAL);
  const loading = sandbox.load(NO_CODE, settingsOf(), NEVER);
  await expect(sandbox.load(NO_CODE, settingsOf(), NEVER)).rejects.toEqual(ILLEGAL);
  await expect(loading).rejects.toMatchObject({ code: 'sandbox_start_failed' });
  expect(sandbox.state).toBe('dead');
  await until('nothing is left', () => rig?.guard.live().length === 0);
});

test('an aborted load rejects and kills the sandbox', async () => {
  rig = await memoryRig({ load: () => new Promise(() => {}), handler: park });
  const sandbox = await rig.guard.create(specOf(), NEVER);
  const controller = new AbortController();
  const loading = sandbox.load(NO_CODE, settingsOf(), controller.signal);
  controller.abort();
  await expect(loading).rejects.toMatchObject({ code: 'sandbox_start_failed' });
  expect(sandbox.state).toBe('dead');
});

test('what the module prints at load belongs to the load', async () => {
  rig = await memoryRig({
    load: (process) => process.stdout('at import\n'),
    handler: (event, running) => {
      running.stdout('at call\n');
      return event;
    },
  });
  const { sandbox, load } = await loaded(rig.guard, NO_CODE);
  const first = await call(sandbox, {});
  const lines = [...load.logs.lines, ...first.settled.logs.lines].map((line) => line.text);
  expect(lines).toEqual(['at import', 'at call']);
});

test('output after a reply goes to the next call, bounded', async () => {
  rig = await memoryRig(park);
  const sandbox = await rig.sandbox();
  const first = call(sandbox, {});
  await until('arrived', () => parked.length === 1);
  parked[0]?.stdout('during\n');
  parked[0]?.reply(Buffer.from('1'));
  expect((await first).settled.logs.lines.map((line) => line.text)).toEqual(['during']);
  parked[0]?.stdout('between\n');
  const second = call(sandbox, {});
  await until('arrived', () => parked.length === 2);
  parked[1]?.reply(Buffer.from('2'));
  expect((await second).settled.logs.lines.map((line) => line.text)).toEqual(['between']);
});

test('an event over one frame is refused before anything happens', async () => {
  rig = await memoryRig((event) => event);
  const sandbox = await rig.sandbox();
  await expect(call(sandbox, Buffer.alloc(6 * 1024 * 1024 + 1))).rejects.toMatchObject({ code: 'payload_too_large' });
  expect(sandbox.state).toBe('loaded');
});

test('a paused sandbox holds its work until it is resumed; where boxes cannot pause both are no-ops', async () => {
  rig = await memoryRig((event) => event);
  const sandbox = await rig.sandbox();
  sandbox.pause();
  expect(() => sandbox.pause()).toThrow(ILLEGAL);
  await expect(call(sandbox, {})).rejects.toEqual(ILLEGAL);
  sandbox.resume();
  expect(() => sandbox.resume()).toThrow(ILLEGAL);
  expect((await call(sandbox, 1)).value).toBe(1);
  await rig.close();
  rig = await memoryRig((event) => event, { capabilities: { pause: false } });
  const plain = await rig.sandbox();
  plain.pause();
  expect(plain.state).toBe('loaded');
  plain.resume();
  expect((await call(plain, 1)).value).toBe(1);
});

test('a sandbox that cannot be frozen or thawed dies and says so', async () => {
  rig = await memoryRig((event) => event);
  const sandbox = await rig.sandbox();
  const [box] = rig.driver.boxes.values();
  Object.assign(box!, {
    freeze: () => {
      throw new Error('EBUSY');
    },
  });
  expect(() => sandbox.pause()).toThrow(expect.objectContaining({ code: 'sandbox_start_failed' }));
  expect(sandbox.state).toBe('dead');
});

test('drain lets calls in flight finish, takes no new one, and then destroys', async () => {
  rig = await memoryRig(park);
  const sandbox = await rig.sandbox({ concurrency: 2 });
  const reasons: string[] = [];
  sandbox.onDead((reason) => reasons.push(reason));
  const calling = call(sandbox, {});
  sandbox.drain('deploy');
  expect(sandbox.state).toBe('draining');
  expect(sandbox.alive).toBe(false);
  await expect(call(sandbox, {})).rejects.toEqual(ILLEGAL);
  await until('arrived', () => parked.length === 1);
  parked[0]?.reply(Buffer.from('1'));
  expect((await calling).reply.kind).toBe('result');
  await until('gone', () => rig?.guard.live().length === 0);
  expect(reasons).toEqual(['deploy']);
  sandbox.onDead((reason) => reasons.push(`late ${reason}`));
  expect(reasons).toHaveLength(2);
});

test('an idle sandbox is destroyed by drain at once', async () => {
  rig = await memoryRig(park);
  const sandbox = await rig.sandbox();
  sandbox.drain('idle');
  expect(sandbox.state).toBe('dead');
});

test('I8: destroy in the middle of onReply neither repeats the reply nor loses the settlement', async () => {
  rig = await memoryRig((event) => event);
  const sandbox = await rig.sandbox();
  const replies: SandboxReply[] = [];
  await new Promise<void>((resolve) => {
    sandbox.invoke(
      { requestId: 'r', functionArn: 'a', timeoutMs: 1000, traceId: null, event: Buffer.from('1'), stream: null },
      (reply) => {
        replies.push(reply);
        void sandbox.destroy('in the callback');
      },
      () => resolve(),
    );
  });
  expect(replies.map((reply) => reply.kind)).toEqual(['result']);
});
