import { describe, expect, it } from 'vitest';
import { FRAME } from '../src/sandbox/wire/frame-type.ts';
import { errorOf, runningShims } from '../test/shims/running-shims.ts';

/** What the shim uses of the language and of Node after the function has loaded, and what Node uses on the shim's behalf. */
const BROKEN = [
  ...['Array', 'String', 'Map', 'Set', 'Promise', 'Function', 'RegExp', 'Object', 'Number'].flatMap((name) => [
    name,
    `${name}.prototype`,
  ]),
  'Error.prototype',
  ...['Buffer', 'Buffer.prototype', 'Uint8Array.prototype', 'ArrayBuffer.prototype', 'Symbol.prototype'],
  ...['EventEmitter.prototype', 'Readable.prototype', 'Writable.prototype', 'Duplex.prototype', 'Socket.prototype'],
  ...['Function.prototype.apply', 'Function.prototype.call', 'EventEmitter.prototype.emit'],
  ...['JSON', 'Math', 'Reflect', 'Atomics', 'performance', 'console', 'Date', 'Date.prototype'],
];

describe('a function that breaks what the language and Node give to everybody', () => {
  const { loaded } = runningShims('node');

  it.each(BROKEN)('is answered as ever after it broke %s', async (name) => {
    for (const quiet of [{}, { QUIET: '1' }]) {
      const shim = await loaded('breaks-prototypes', { env: { BREAKS: name, ...quiet } });
      for (const how of ['value', 'async']) expect((await shim.invoke(1, { how })).text, how).toBe('{"answered":true}');
      const error = errorOf(await shim.invoke(2, { how: 'throws' }));
      expect(error).toMatchObject({ errorType: 'RangeError', errorMessage: 'with its stack' });
      expect(error.stackTrace.join('\n')).toContain('/var/task/index.mjs');
      const unserialisable = errorOf(await shim.invoke(3, { how: 'unserialisable' }));
      expect(unserialisable.errorType).toBe('Runtime.MarshalError');
      expect(unserialisable.stackTrace[0]).toContain('BigInt');
      shim.channel.send(FRAME.ping, 0, '{"n":1}', null);
      await shim.next((frame) => frame.type === FRAME.pong);
    }
  });

  it('is told its error without frames where its own Error.prepareStackTrace fails', async () => {
    const shim = await loaded('breaks-prototypes', { env: { BREAKS: 'Error' } });
    const error = errorOf(await shim.invoke(1, { how: 'throws' }));
    expect(error).toEqual({ errorType: 'RangeError', errorMessage: 'with its stack', stackTrace: [] });
  });

  it.each(['String.prototype', 'Array.prototype', 'RegExp.prototype', 'Function.prototype'])(
    'completes by its context as ever after it broke %s',
    async (name) => {
      const shim = await loaded('breaks-prototypes', { handler: 'index.byContext', env: { BREAKS: name } });
      expect((await shim.invoke(1, {})).text).toBe('{"answered":true}');
      expect(errorOf(await shim.invoke(2, { how: 'fails' })).errorType).toBe('RangeError');
    },
  );
});
