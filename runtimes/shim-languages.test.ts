import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import { BODY_MAX_BYTES, CREDIT_BYTES, FLAG_OPTIONAL, FRAME, HEADER_BYTES } from '../src/sandbox/wire/frame-type.ts';

import { errorOf, runningShims } from '../test/shims/running-shims.ts';

describe('what only the node shim does', () => {
  const { loaded: load, refused } = runningShims('node');

  it('shares its numbers with the host', () => {
    const require = createRequire(import.meta.url);
    const { FRAME: frames, ...numbers } = require('./node/frame-type.cjs');
    expect(FRAME).toMatchObject(frames);
    expect(numbers).toEqual({ BODY_MAX_BYTES, CREDIT_BYTES, FLAG_OPTIONAL, HEADER_BYTES });
  });

  it('lets callbacks answer, after the event loop is empty unless told not to wait', async () => {
    const shim = await load('cjs-callback');
    const waited = await shim.invoke(1, { timerMs: 50 });
    expect([waited.type, shim.stdout]).toEqual([FRAME.end, 'timer ran\n']);
    expect(Number((await shim.invoke(2, { timerMs: 5000, noWait: true })).meta.us)).toBeLessThan(2_000_000);
    expect(JSON.parse((await shim.invoke(3, { error: 'called back', noWait: true })).text).errorMessage).toBe(
      'called back',
    );
  });

  it('ends a handler that returned nothing and never calls back with null when nothing is left to wait for', async () => {
    const shim = await load('cjs-callback');
    expect((await shim.invoke(1, { never: true })).text).toBe('null');
    expect((await shim.invoke(2, { never: true })).text).toBe('null');
  });

  it('ends a promise that nothing can settle any more with an error that says so, and serves on', async () => {
    const shim = await load('never-settles');
    for (const n of [1, 2]) {
      const error = errorOf(await shim.invoke(n, {}));
      expect(error).toMatchObject({
        errorType: 'Runtime.NodeJsExit',
        errorMessage: expect.stringContaining('promise of the handler'),
      });
    }
  });

  it.each([
    ['byCallback', 'false', '"first"'],
    ['byCallback', 'timer', '"first"'],
    ['byCallback', 'throws after', '"first"'],
    ['byCallback', 'fails after', '"first"'],
    ['byCallback', 'promise after', '"first"'],
    ['byCallback', 'promise before', '"first"'],
    ['byCallback', 'rejects after', '"first"'],
    ['byCallback', 'calls back twice', '"first"'],
    ['byCallback', 'completes after', '"first"'],
    ['byCallback', 'thenable', '"first"'],
    ['byCallback', 'thenable twice', '"first"'],
    ['byCallback', 'nothing', 'null'],
    ['byContext', 'false', '"first"'],
    ['byContext', 'timer', '"first"'],
    ['byContext', 'nothing', 'null'],
    ['byResult', 'nothing', '"returned"'],
    ['byResult', 'timer', 'null'],
  ])('completes %s (%s) once, with what came first: %s', async (name, how, text) => {
    const shim = await load('completions', { handler: `index.${name}` });
    for (const n of [1, 2]) expect((await shim.invoke(n, { how })).text).toBe(text);
    expect(shim.heard.filter((frame) => frame.type === FRAME.end)).toHaveLength(2);
  });

  it('fails by a thenable whose `then` cannot be read, unless the handler had completed before', async () => {
    const failing = await load('completions', { handler: 'index.thenableThrows' });
    for (const n of [1, 2]) expect(errorOf(await failing.invoke(n, {})).errorMessage).toBe('no then for you');
    const completed = await load('completions', { handler: 'index.byCallback' });
    expect((await completed.invoke(1, { how: 'thenable after' })).text).toBe('"first"');
  });

  it.each([
    ['completions', {}],
    ['streams', {}],
  ])('%s: answers nothing for a promise that never settles while the loop has work', async (folder, event) => {
    const shim = await load(folder, { handler: 'index.waitsForever' });
    shim.send(1, event);
    // The loop turns on: a call behind it is served, and then another.
    for (const n of [1, 2, 3]) {
      shim.channel.send(FRAME.ping, 0, `{"n":${n}}`, null);
      await shim.next((frame) => frame.type === FRAME.pong);
    }
    expect(shim.heard.filter(({ type }) => type === FRAME.end || type === FRAME.error)).toEqual([]);
  });

  it('ends a stream whose handler can never end it with an error, after what was written', async () => {
    const shim = await load('streams', { handler: 'index.waitsForever' });
    expect(errorOf(await shim.invoke(1, { idle: true })).errorMessage).toContain('without ending its response stream');
    expect(shim.heard.filter(({ type }) => type === FRAME.chunk).map(({ text }) => text)).toEqual(['begun']);
  });

  it('takes a stream that was ended for the answer, though its handler throws afterwards', async () => {
    const shim = await load('streams');
    for (const n of [1, 2]) expect((await shim.invoke(n, { pieces: 1, thenFails: true })).type).toBe(FRAME.end);
  });

  it.each([{ thenWrites: true }, { thenEnds: true }])(
    'tells a handler that writes behind the end of its stream: %j',
    async (event) => {
      const shim = await load('streams');
      for (const n of [1, 2])
        expect(errorOf(await shim.invoke(n, { pieces: 1, ...event })).errorMessage).toMatch(/end/);
      expect(shim.heard.filter(({ type }) => type === FRAME.chunk).map(({ text }) => text)).toEqual(['xxxxx', 'xxxxx']);
    },
  );

  it('fails a streaming handler that is not async, as on Lambda', async () => {
    const shim = await load('streams', { handler: 'index.notAsync' });
    const error = errorOf(await shim.invoke(1, {}));
    expect(error.errorMessage).toBe('Streaming does not support non-async handlers.');
  });

  it.each(['byCallback', 'byContext'])('%s: an error that comes late is the call’s own', async (name) => {
    const shim = await load('completions', { handler: `index.${name}` });
    expect(errorOf(await shim.invoke(1, { how: 'late error' })).errorType).toBe('RangeError');
    expect((await shim.invoke(2, { how: 'false' })).text).toBe('"first"');
  });

  it('answers as ever after the function replaced what the language and Node give to everybody', async () => {
    const shim = await load('changes-language');
    for (const n of [1, 3]) {
      expect((await shim.invoke(n, {})).text).toBe('{"answered":true}');
      const error = errorOf(await shim.invoke(n + 1, { fail: true }));
      expect(error.errorType).toBe('RangeError');
      expect(error.stackTrace[0]).toContain('/var/task/index.mjs');
    }
  });

  it('takes the first of several answers', async () => {
    const shim = await load('context-done');
    const texts = [];
    for (const [n, how] of ['succeed', 'done', 'twice', 'fail', 'string'].entries()) {
      texts.push((await shim.invoke(n + 1, { how })).text);
    }
    expect(texts.slice(0, 3)).toEqual(['{"how":"succeed"}', '{"how":"done"}', '1']);
    expect(texts.slice(3).map((text) => JSON.parse(text).errorType)).toEqual(['TypeError', 'string']);
    expect(shim.heard.filter((frame) => frame.stream === 3)).toHaveLength(1);
  });

  it.each([
    ['nested/deep.exports.handler', '"nested"'],
    ['esm/index.handler', '"esm/"'],
    ['type-module/index.handler', '"type module"'],
    ['no-type/index.handler', '"no type"'],
    ['cjs/index.handler', '"cjs"'],
  ])('finds %s, quietly', async (handler, result) => {
    const shim = await load('layouts', { handler });
    expect((await shim.invoke(1, {})).text).toBe(result);
    expect(shim.stderr).toBe('');
  });

  it('shows where a CommonJS module does not parse', async () => {
    const { error } = await refused('syntax-error-cjs');
    expect(error.stackTrace.slice(0, 2)).toEqual(['/var/task/index.js:3', '  const broken = ;']);
  });

  it.each([
    [{}, 129, 'RangeError', 'thrown later'],
    [{ reject: true }, 128, 'Runtime.UnhandledPromiseRejection', 'RangeError: rejected later'],
  ])(
    'answers what is thrown outside the handler’s promise (%j), then exits with %i',
    async (event, status, type, message) => {
      const shim = await load('throws-later');
      const reply = await shim.invoke(1, event);
      expect(reply.meta.exit).toBe(true);
      expect(JSON.parse(reply.text)).toMatchObject({ errorType: type, errorMessage: message });
      expect(await shim.exited()).toBe(status);
    },
  );

  it('tells the handler of a cancel through context.signal', async () => {
    const shim = await load('waits-for-cancel');
    shim.send(1, {});
    shim.channel.send(FRAME.cancel, 1, '', null);
    expect((await shim.reply(1)).text).toBe('{"cancelled":true}');
  });

  it('sends console lines with their own call when calls share the sandbox', async () => {
    const shim = await load('prints-concurrently', { concurrency: 4 });
    for (const n of [1, 2, 3]) shim.send(n, { name: `call-${n}` });
    for (const n of [1, 2, 3]) await shim.reply(n);
    for (const n of [1, 2, 3]) {
      const lines = shim.heard.filter((frame) => frame.type === FRAME.log && frame.stream === n);
      expect(lines.map((line) => line.text)).toEqual([0, 1, 2].map((turn) => `call-${n} ${turn}\n`));
    }
    expect(shim.stdout).toBe('');
  });

  it('runs calls of one sandbox at the same time', async () => {
    const shim = await load('slow', { concurrency: 10 });
    const startMs = performance.now();
    for (let n = 1; n <= 10; n++) shim.send(n, { ms: 200 });
    for (let n = 1; n <= 10; n++) await shim.reply(n);
    expect(performance.now() - startMs).toBeLessThan(1_500);
  });

  it('loses no answer to a sibling that ends the process in the same turn', async () => {
    const shim = await load('ends-for-all', { concurrency: 4 });
    for (const n of [1, 2]) shim.send(n, {});
    shim.send(3, { exit: 7 });
    for (const n of [1, 2, 3]) expect((await shim.reply(n)).text).toBe('"answered"');
    await shim.until(() => shim.exitCode === 7);
  });

  it('ends a stream that the handler forgot to end with an error', async () => {
    const shim = await load('streams');
    expect((await shim.invoke(1, { unfinished: true })).type).toBe(FRAME.error);
  });
});

describe.skipIf(!existsSync('/usr/bin/python3'))('what only the python shim does (needs python)', () => {
  const { loaded: load } = runningShims('python');

  it.each([
    ['nested/deep.handler', '"nested"'],
    ['pkg/app.handler', '"pkg"'],
  ])('finds %s', async (handler, result) => {
    expect((await (await load('layouts', { handler })).invoke(1, {})).text).toBe(result);
  });

  it('gives the root logger a handler', async () => {
    const shim = await load('logs');
    await shim.invoke(1, {});
    await shim.until(() => /^\[INFO\]\t\S+Z\trequest-1\thello from logging\n$/.test(shim.stdout));
  });

  it('serves one call after the other, credit and order kept', async () => {
    const shim = await load('streams');
    shim.send(1, { pieces: 10, pieceBytes: 50_000 });
    shim.send(2, { pieces: 1 });
    shim.channel.send(FRAME.credit, 1, '{"bytes":1000000}', null);
    await shim.reply(1);
    await shim.reply(2);
    const order = shim.heard.filter((frame) => frame.type === FRAME.end).map((frame) => frame.stream);
    expect(order).toEqual([1, 2]);
  });

  it('lets a cancel end a stream that waits for credit', async () => {
    const shim = await load('streams');
    shim.send(1, { pieces: 10, pieceBytes: 50_000 });
    shim.channel.send(FRAME.cancel, 1, '', null);
    expect(JSON.parse((await shim.reply(1)).text).errorType).toBe('Runtime.Cancelled');
    expect((await shim.invoke(2, { pieces: 1 })).type).toBe(FRAME.end);
  });

  it('draws new random numbers in each sandbox', async () => {
    const [one, two] = [await load('random'), await load('random')];
    const names = await Promise.all([one.invoke(1, {}), two.invoke(1, {})]);
    expect(names[0]?.text).not.toBe(names[1]?.text);
  });
});
