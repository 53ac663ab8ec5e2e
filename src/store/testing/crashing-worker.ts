import { hostWorker } from '../rpc/worker-host.ts';
import { sqliteFailure } from '../sqlite/sqlite-failure.ts';

/** A store worker that does what a test asks of it: answer, throw, note, hang, block its thread or die. */
const noted: unknown[] = [];

await hostWorker(
  async () => ({
    async serve(calls) {
      for (const call of calls) {
        if (call.isExpired()) continue;
        if (call.method === 'block')
          Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, call.args[0] as number);
        if (call.method === 'note') noted.push(call.args[0]);
        if (call.method === 'noted') call.succeed(noted);
        if (call.method === 'die') process.exit(1);
        if (call.method === 'throw') call.fail(Object.assign(new Error('database or disk is full'), { errcode: 13 }));
        else if (call.method === 'echo') call.succeed(call.args[0]);
      }
    },
    close() {},
  }),
  sqliteFailure,
);
