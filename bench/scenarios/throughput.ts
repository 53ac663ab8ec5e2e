import { ADMIN_KEY, ColdframeServer } from '../harness/coldframe-server.ts';
import { bareHttp, type Control, functionsFramework, workerd } from '../harness/controls.ts';
import { EVENT, NODE_ECHO } from '../harness/functions.ts';
import { closedLoop, type LoadTarget, postRequest } from '../harness/load.ts';
import { type Row, report } from '../harness/report.ts';
import { format, median } from '../harness/stats.ts';

const BLOCKS = 6;
const BLOCK_MS = 4_000;
const CALLERS = 16;
const WARM_UP_BLOCKS_MAX = 10;

/** S4 and S5: warm throughput at 16 callers, one and sixteen in flight per sandbox, in ABBA blocks against workerd and bare node:http. */
export async function run({ isolation }: { isolation: string }): Promise<void> {
  const server = await ColdframeServer.start({ isolation });
  try {
    await server.deploy('one', 'nodejs24', NODE_ECHO, { isolation, concurrencyPerSandbox: 1 });
    await server.deploy('sixteen', 'nodejs24', NODE_ECHO, { isolation, concurrencyPerSandbox: 32, maxConcurrency: 32 });
    const target = (name: string): LoadTarget => ({
      port: server.port,
      request: postRequest(`/api/v1/functions/${name}/invoke`, EVENT, { authorization: `Bearer ${ADMIN_KEY}` }),
    });
    const rows: Row[] = [];
    const s4 = await compare(target('one'), workerd);
    rows.push({
      id: 'S4',
      what: `throughput 16 callers, 1 in flight per sandbox, ${isolation}`,
      value: `${format(s4.ours, 0)}/s`,
      control: `workerd ${format(s4.control, 0)}/s`,
      ratio: `${format(s4.ratio)} (${s4.ratios.map((ratio) => format(ratio)).join(' ')})`,
      floor: '0.7x',
      aim: '1.1x',
      met: s4.ratio >= 0.7,
    });
    const s5 = await compare(target('sixteen'), bareHttp);
    rows.push({
      id: 'S5',
      what: `throughput 16 callers, 16 in flight per sandbox, ${isolation}`,
      value: `${format(s5.ours, 0)}/s`,
      control: `bare http ${format(s5.control, 0)}/s`,
      ratio: `${format(s5.ratio)} (${s5.ratios.map((ratio) => format(ratio)).join(' ')})`,
      floor: '0.5x',
      aim: '0.75x',
      met: s5.ratio >= 0.5,
    });
    const framework = await compare(target('one'), functionsFramework, 2);
    rows.push({
      id: '',
      what: 'the same against functions-framework',
      value: `${format(framework.ours, 0)}/s`,
      control: `functions-framework ${format(framework.control, 0)}/s`,
      ratio: format(framework.ratio),
      floor: '',
      aim: '',
      met: null,
    });
    report(`throughput-${isolation}`, rows, { s4, s5, framework });
  } finally {
    await server.stop();
  }
}

async function compare(ours: LoadTarget, start: () => Promise<Control>, blocks = BLOCKS) {
  await warmUp(ours);
  const control = await start();
  const theirs: LoadTarget = { port: control.port, request: postRequest('/', EVENT) };
  await warmUp(theirs);
  const oursRates: number[] = [];
  const controlRates: number[] = [];
  for (let block = 0; block < blocks; block++) {
    const order = block % 2 === 0 ? [ours, theirs] : [theirs, ours];
    for (const target of order) {
      const result = await closedLoop(target, { callers: CALLERS, durationMs: BLOCK_MS });
      const ok = result.statuses.get(200) ?? 0;
      if (ok !== result.latenciesMs.length || result.transportErrors > 0)
        throw new Error(
          `not every reply was good: ${JSON.stringify([...result.statuses])}, ${result.transportErrors} transport errors`,
        );
      (target === ours ? oursRates : controlRates).push((ok / result.elapsedMs) * 1000);
    }
  }
  control.stop();
  process.stderr.write(
    `ours ${oursRates.map(Math.round).join(' ')}, control ${controlRates.map(Math.round).join(' ')}\n`,
  );
  const ratios = oursRates.map((rate, index) => rate / controlRates[index]!);
  return {
    ours: median(oursRates),
    control: median(controlRates),
    ratio: median(ratios),
    ratios,
    oursRates,
    controlRates,
  };
}

/** Until a block is no quicker than the one before: each of 16 sandboxes has its own code to warm. */
async function warmUp(target: LoadTarget): Promise<void> {
  let last = 0;
  for (let block = 0; block < WARM_UP_BLOCKS_MAX; block++) {
    const result = await closedLoop(target, { callers: CALLERS, durationMs: 2_000 });
    const rate = result.latenciesMs.length / result.elapsedMs;
    if (rate < last * 1.05) return;
    last = rate;
  }
}
