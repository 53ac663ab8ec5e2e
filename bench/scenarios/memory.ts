import { readFileSync } from 'node:fs';
import { ADMIN_KEY, ColdframeServer } from '../harness/coldframe-server.ts';
import { NODE_ECHO } from '../harness/functions.ts';
import { closedLoop, postRequest } from '../harness/load.ts';
import { report } from '../harness/report.ts';
import { format, median } from '../harness/stats.ts';

const FIRST = 10_000;
const TOTAL = 1_000_000;
const SAMPLES = 20;

/** S16: the server's resident memory after 1,000,000 invocations against after 10,000. */
export async function run({ isolation }: { isolation: string }): Promise<void> {
  const server = await ColdframeServer.start({ isolation });
  try {
    await server.deploy('many', 'nodejs24', NODE_ECHO, { isolation, concurrencyPerSandbox: 16, maxConcurrency: 32 });
    const target = {
      port: server.port,
      request: postRequest('/api/v1/functions/many/invoke', '{"name":"x"}', { authorization: `Bearer ${ADMIN_KEY}` }),
    };
    await closedLoop(target, { callers: 16, count: FIRST });
    const afterFirstMib = await restingMib(server.pid);
    const started = performance.now();
    const points: { invocations: number; mib: number }[] = [{ invocations: FIRST, mib: afterFirstMib }];
    for (let sample = 1; sample <= SAMPLES; sample++) {
      const result = await closedLoop(target, { callers: 16, count: (TOTAL - FIRST) / SAMPLES });
      const ok = result.statuses.get(200) ?? 0;
      if (result.transportErrors > 0 || ok !== result.latenciesMs.length)
        throw new Error(`not every reply was good: ${JSON.stringify([...result.statuses])}`);
      points.push({ invocations: FIRST + sample * ((TOTAL - FIRST) / SAMPLES), mib: rssMib(server.pid) });
    }
    const afterAllMib = await restingMib(server.pid);
    const growth = afterAllMib / afterFirstMib - 1;
    report(
      `memory-${isolation}`,
      [
        {
          id: 'S16',
          what: `server memory after ${TOTAL} invocations against after ${FIRST}, ${isolation}`,
          value: `${format(afterFirstMib, 0)} -> ${format(afterAllMib, 0)} MiB in ${format((performance.now() - started) / 1000, 0)} s`,
          ratio: `${growth >= 0 ? '+' : ''}${format(growth * 100, 1)}%`,
          floor: '+20%',
          aim: '+5%',
          met: growth <= 0.2,
        },
      ],
      { points },
    );
  } finally {
    await server.stop();
  }
}

/** The median over five seconds of rest, so that a collection just due does not decide. */
async function restingMib(pid: number): Promise<number> {
  const values: number[] = [];
  for (let sample = 0; sample < 10; sample++) {
    await new Promise((wake) => setTimeout(wake, 500));
    values.push(rssMib(pid));
  }
  return median(values);
}

function rssMib(pid: number): number {
  return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? Number.NaN) / 1024;
}
