import { ADMIN_KEY, ColdframeServer } from '../harness/coldframe-server.ts';
import { bareHttp, udsEcho } from '../harness/controls.ts';
import { EVENT, NODE_ECHO, PYTHON_ECHO } from '../harness/functions.ts';
import { closedLoop, HttpConnection, postRequest } from '../harness/load.ts';
import { type Row, report } from '../harness/report.ts';
import { format, median, percentile } from '../harness/stats.ts';

const REQUESTS = 20_000;
const BLOCK = 2_000;

/** p50 / p99 in ms. The rest is judged as docker is. */
const GVISOR_ROW = { id: 'S2', floor: [2, 6], aim: '0.5 / 1.5 ms' } as const;
const ROW = { id: 'S1', floor: [0.8, 3], aim: '0.25 / 1 ms' } as const;

/** S1 and, under gVisor, S2: warm overhead of one caller: client latency minus the handler's own time, beside bare node:http and a raw Unix-socket echo. */
export async function run({ isolation }: { isolation: string }): Promise<void> {
  const { id, floor, aim } = isolation === 'gvisor' ? GVISOR_ROW : ROW;
  const server = await ColdframeServer.start({ isolation });
  const control = await bareHttp();
  try {
    const rows: Row[] = [];
    const detail: Record<string, unknown> = {};
    for (const [runtime, source] of [
      ['nodejs24', NODE_ECHO],
      ['python3.11', PYTHON_ECHO],
    ] as const) {
      const name = `warm-${runtime.replace(/\W/g, '')}`;
      await server.deploy(name, runtime, source, { isolation });
      const target = {
        port: server.port,
        request: postRequest(`/api/v1/functions/${name}/invoke`, EVENT, { authorization: `Bearer ${ADMIN_KEY}` }),
      };
      const bare = { port: control.port, request: postRequest('/', EVENT) };
      await overheads(target, 2_000);
      const ours: number[] = [];
      const theirs: number[] = [];
      const ratios: number[] = [];
      for (let block = 0; block < REQUESTS / BLOCK; block++) {
        const first = block % 2 === 0;
        const a = first
          ? await overheads(target, BLOCK)
          : (await closedLoop(bare, { callers: 1, count: BLOCK })).latenciesMs;
        const b = first
          ? (await closedLoop(bare, { callers: 1, count: BLOCK })).latenciesMs
          : await overheads(target, BLOCK);
        const [mine, bareTimes] = first ? [a, b] : [b, a];
        ours.push(...mine);
        theirs.push(...bareTimes);
        ratios.push(median(mine) / median(bareTimes));
      }
      const p50 = percentile(ours, 0.5);
      const p99 = percentile(ours, 0.99);
      rows.push({
        id,
        what: `warm overhead p50/p99 ${runtime} ${isolation}`,
        value: `${format(p50, 3)} / ${format(p99, 3)} ms`,
        control: `bare http ${format(median(theirs), 3)} ms`,
        ratio: format(median(ratios)),
        floor: `${floor[0]} / ${floor[1]} ms`,
        aim,
        met: p50 <= floor[0] && p99 <= floor[1],
      });
      detail[runtime] = { ratios, requests: ours.length };
    }
    const echo = await udsEcho(1024, 20_000);
    rows.push({
      id: '',
      what: 'control: raw Unix-socket echo p50/p99',
      value: `${format(percentile(echo, 0.5), 3)} / ${format(percentile(echo, 0.99), 3)} ms`,
      floor: '',
      aim: '',
      met: null,
    });
    report(`warm-${isolation}`, rows, detail);
  } finally {
    control.stop();
    await server.stop();
  }
}

async function overheads(target: { port: number; request: Buffer }, count: number): Promise<number[]> {
  const connection = await HttpConnection.open(target.port);
  const values: number[] = [];
  for (let sent = 0; sent < count; sent++) {
    const fromMs = performance.now();
    const reply = await connection.send(target.request);
    const tookMs = performance.now() - fromMs;
    if (reply.status !== 200) throw new Error(`status ${reply.status}: ${reply.body}`);
    values.push(tookMs - Number(/coldframe-duration-ms: *([\d.]+)/i.exec(reply.head)?.[1] ?? 0));
  }
  connection.close();
  return values;
}
