import { ADMIN_KEY, ColdframeServer } from '../harness/coldframe-server.ts';
import { EVENT, NODE_ECHO, PYTHON_ECHO } from '../harness/functions.ts';
import { HttpConnection, postRequest } from '../harness/load.ts';
import { type Row, report } from '../harness/report.ts';
import { format } from '../harness/stats.ts';

const FUNCTIONS = 100;

/** S10: the first call of 100 distinct functions all at once, with 0, 20 and 100 generic sandboxes ready: last reply, and none may fail. */
export async function run({ isolation }: { isolation: string }): Promise<void> {
  const rows: Row[] = [];
  const detail: unknown[] = [];
  for (const [ready, floorMs, aim] of [
    [100, 1_000, '0.5 s'],
    [20, 12_000, '2 s'],
    [0, Number.NaN, ''],
  ] as const) {
    const server = await ColdframeServer.start({
      isolation,
      env: {
        // The strongest of these is kept ready: a stronger one that is usable here would take the stock.
        COLDFRAME_ISOLATION: isolation,
        COLDFRAME_POOL_MEMORY_MIB: String(ready === 0 ? 0 : 16_384),
        COLDFRAME_POOL_READY: String(ready / 2),
      },
    });
    try {
      for (let index = 0; index < FUNCTIONS; index++) await deployOne(server, index, isolation);
      const held = await server.untilPoolHolds(isolation, ready);
      const connections = await Promise.all(Array.from({ length: FUNCTIONS }, () => HttpConnection.open(server.port)));
      const fromMs = performance.now();
      const replies = await Promise.all(
        connections.map((connection, index) =>
          connection.send(
            postRequest(`/api/v1/functions/burst-${index}/invoke`, EVENT, { authorization: `Bearer ${ADMIN_KEY}` }),
          ),
        ),
      );
      const lastMs = performance.now() - fromMs;
      for (const connection of connections) connection.close();
      const failed = replies.filter((reply) => reply.status !== 200).length;
      const starts: Record<string, number> = {};
      for (const reply of replies) {
        const start = /coldframe-start: *(\w+)/i.exec(reply.head)?.[1] ?? `status ${reply.status}`;
        starts[start] = (starts[start] ?? 0) + 1;
      }
      const refillFromMs = performance.now();
      if (ready > 0) await server.untilPoolHolds(isolation, Math.min(ready, held), undefined, 60_000);
      rows.push({
        id: 'S10',
        what: `burst of ${FUNCTIONS} first calls, ${held} ready, ${isolation}`,
        value: `last ${format(lastMs / 1000)} s, ${failed} failed, ${JSON.stringify(starts)}, refilled in ${format((performance.now() - refillFromMs) / 1000, 1)} s`,
        floor: Number.isNaN(floorMs) ? '' : `${floorMs / 1000} s, none fail`,
        aim,
        met: Number.isNaN(floorMs) ? null : lastMs <= floorMs && failed === 0,
      });
      detail.push({ ready, held, lastMs, failed, starts });
    } finally {
      await server.stop();
    }
  }
  report(`burst-${isolation}`, rows, detail);
}

/** Half of them JavaScript, half Python; each its own code, so that none shares a sandbox. */
async function deployOne(server: ColdframeServer, index: number, isolation: string): Promise<void> {
  const settings = { isolation, queueTimeoutMs: 60_000, initTimeoutMs: 60_000 };
  if (index % 2 === 0) await server.deploy(`burst-${index}`, 'nodejs24', `${NODE_ECHO}// ${index}\n`, settings);
  else await server.deploy(`burst-${index}`, 'python3.11', `${PYTHON_ECHO}# ${index}\n`, settings);
}
