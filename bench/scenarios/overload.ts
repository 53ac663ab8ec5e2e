import { ADMIN_KEY, ColdframeServer } from '../harness/coldframe-server.ts';
import { bareHttp } from '../harness/controls.ts';
import { EVENT, NODE_ECHO } from '../harness/functions.ts';
import { closedLoop, type LoadTarget, openLoop, postRequest } from '../harness/load.ts';
import { type Row, report } from '../harness/report.ts';
import { format, percentile } from '../harness/stats.ts';

const CALLERS = 500;

/** S15: 500 concurrent callers on one function; S3: p99 at 70% of saturation, open loop. */
export async function run({ isolation }: { isolation: string }): Promise<void> {
  const server = await ColdframeServer.start({ isolation });
  try {
    await server.deploy('crowd', 'nodejs24', NODE_ECHO, { isolation, maxConcurrency: 16 });
    const target = {
      port: server.port,
      request: postRequest('/api/v1/functions/crowd/invoke', EVENT, { authorization: `Bearer ${ADMIN_KEY}` }),
    };
    const crowd = await closedLoop(target, { callers: CALLERS, durationMs: 10_000 });
    const odd = [...crowd.statuses].filter(([status]) => status !== 200 && status !== 429);
    const rows: Row[] = [
      {
        id: 'S15',
        what: `${CALLERS} concurrent callers, one function, ${isolation}`,
        value: `${crowd.transportErrors} transport errors, ${JSON.stringify([...crowd.statuses])}, p99 ${format(percentile(crowd.latenciesMs, 0.99), 0)} ms`,
        floor: '0, rest 200 or 429',
        aim: '0',
        met: crowd.transportErrors === 0 && odd.length === 0,
      },
    ];
    const bare = await bareHttp();
    const control = await steady({ port: bare.port, request: postRequest('/', EVENT) }).finally(bare.stop);
    const { ratePerSecond, p99, count } = await steady(target);
    rows.push({
      id: 'S3',
      what: `p99 at 70% of saturation (${ratePerSecond}/s), open loop, ${isolation}`,
      value: `${format(p99)} ms of ${count}`,
      control: `bare http at 70% of its own (${control.ratePerSecond}/s) ${format(control.p99)} ms`,
      floor: '20 ms',
      aim: '5 ms',
      met: p99 <= 20,
    });
    report(`overload-${isolation}`, rows, { crowd: [...crowd.statuses], ratePerSecond, control });
  } finally {
    await server.stop();
  }
}

/** Finds out what saturates the target, then sends 70% of that, evenly and whatever the replies do. */
async function steady(target: LoadTarget): Promise<{ ratePerSecond: number; p99: number; count: number }> {
  const saturated = await closedLoop(target, { callers: 16, durationMs: 5_000 });
  const ratePerSecond = Math.round((saturated.latenciesMs.length / saturated.elapsedMs) * 1000 * 0.7);
  const { latenciesMs } = await openLoop(target, { ratePerSecond, durationMs: 10_000, connectionsMax: 64 });
  return { ratePerSecond, p99: percentile(latenciesMs, 0.99), count: latenciesMs.length };
}
