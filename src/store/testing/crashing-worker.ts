import { hostWorker } from '../rpc/worker-host.ts';
import { sqliteFailure } from '../sqlite/sqlite-failure.ts';

/** A store worker that does what a test asks of it: answer, throw, note, hang, search on, block its thread or die. */
const noted: unknown[] = [];

await hostWorker(
  async () => ({
    takes: 'turns',
    async serve(calls) {
      for (const call of calls) {
        if (call.isGivenUp()) continue;
        if (call.method === 'block')
          Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, call.args[0] as number);
        if (call.method === 'note') noted.push(call.args[0]);
        if (call.method === 'noted') call.succeed(noted);
        if (call.method === 'die') process.exit(1);
        if (call.method === 'search') {
          const hasBegun = call.args[0] as Int32Array;
          Atomics.store(hasBegun, 0, 1);
          while (!call.isGivenUp()) await new Promise((resolve) => setImmediate(resolve));
        }
        if (call.method === 'throw') call.fail(Object.assign(new Error('database or disk is full'), { errcode: 13 }));
        else if (call.method === 'echo' || call.method === 'note') call.succeed(call.args[0]);
      }
    },
    close() {},
  }),
  sqliteFailure,
);
