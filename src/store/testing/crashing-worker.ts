import { hostWorker } from '../rpc/worker-host.ts';
import { sqliteFailure } from '../sqlite/sqlite-failure.ts';

/** A store worker that does what a test asks of it: answer, throw, hang or die. */
await hostWorker(
  async () => ({
    async serve(calls) {
      for (const call of calls) {
        if (call.method === 'die') process.exit(1);
        if (call.method === 'throw') call.fail(Object.assign(new Error('database or disk is full'), { errcode: 13 }));
        else if (call.method === 'echo') call.succeed(call.args[0]);
      }
    },
    close() {},
  }),
  sqliteFailure,
);
