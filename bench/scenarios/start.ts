import { execFileSync } from 'node:child_process';
import { ADMIN_KEY, ColdframeServer } from '../harness/coldframe-server.ts';
import { EVENT, NODE_ECHO, PYTHON_ECHO } from '../harness/functions.ts';
import { HttpConnection, postRequest } from '../harness/load.ts';
import { type Row, report } from '../harness/report.ts';
import { format, percentile } from '../harness/stats.ts';

const CLAIMS = 300;
/** With --quick: medians only, too few for a p99. */
const QUICK_CLAIMS = 60;
const COLDS = 40;
const CONTROLS = 10;
/** Only works at boot, so such a function never finds a generic sandbox: each first call is truly cold. */
const BOOT_PROFILE = { nodejs24: { NODE_OPTIONS: '--no-warnings' }, 'python3.11': { PYTHONHASHSEED: '0' } } as const;
const COLD_FLOOR_MS: Record<string, { floor: number; aim: number }> = {
  docker: { floor: 500, aim: 250 },
  bubblewrap: { floor: 150, aim: 45 },
  process: { floor: 150, aim: 45 },
  gvisor: { floor: 600, aim: 250 },
};

const CLAIM_ROW = {
  gvisor: { id: 'S8', floor: [40, 150], aim: { nodejs24: '8 / 20 ms', 'python3.11': '8 / 20 ms' } },
  other: { id: 'S6', floor: [15, 60], aim: { nodejs24: '5 / 15 ms', 'python3.11': '4 / 12 ms' } },
} as const;
const GVISOR_RUNTIME = 'coldframe-runsc';

/** S6 (under gVisor S8) and S9: the first call of never-invoked functions with a generic sandbox ready (claimed) and with nothing ready (cold). */
export async function run({ isolation, quick }: { isolation: string; quick: boolean }): Promise<void> {
  const row = isolation === 'gvisor' ? CLAIM_ROW.gvisor : CLAIM_ROW.other;
  const claims = quick ? QUICK_CLAIMS : CLAIMS;
  const server = await ColdframeServer.start({ isolation });
  try {
    const rows: Row[] = [];
    const detail: Record<string, unknown> = {};
    for (const [runtime, source] of [
      ['nodejs24', NODE_ECHO],
      ['python3.11', PYTHON_ECHO],
    ] as const) {
      const claimed = await firstCalls(server, {
        prefix: `claim-${runtime[0]}`,
        runtime,
        source,
        isolation,
        count: claims,
        expected: 'claimed',
        env: {},
      });
      const [p50, p99] = [percentile(claimed.times, 0.5), percentile(claimed.times, 0.99)];
      rows.push({
        id: row.id,
        what: `claimed start p50/p99 ${runtime} ${isolation} (${claimed.times.length} of ${claims} claimed)`,
        value: `${format(p50, 1)} / ${format(p99, 1)} ms`,
        floor: `${row.floor[0]} / ${row.floor[1]} ms`,
        aim: row.aim[runtime],
        met: p50 <= row.floor[0] && p99 <= row.floor[1],
      });
      const cold = await firstCalls(server, {
        prefix: `cold-${runtime[0]}`,
        runtime,
        source,
        isolation,
        count: COLDS,
        expected: 'cold',
        env: BOOT_PROFILE[runtime],
      });
      const bound = COLD_FLOOR_MS[isolation] ?? { floor: Number.NaN, aim: Number.NaN };
      const control = controlMs(isolation, runtime);
      rows.push({
        id: 'S9',
        what: `cold start p50/p95 ${runtime} ${isolation} (${cold.times.length} of ${COLDS} cold)`,
        value: `${format(percentile(cold.times, 0.5), 0)} / ${format(percentile(cold.times, 0.95), 0)} ms`,
        control: control ? `${control.name} ${format(control.ms, 0)} ms` : undefined,
        ratio: control ? format(percentile(cold.times, 0.5) / control.ms) : undefined,
        floor: `${bound.floor} ms`,
        aim: `${bound.aim} ms`,
        met: percentile(cold.times, 0.5) <= bound.floor,
      });
      detail[runtime] = { claimed, cold };
    }
    report(`start-${isolation}`, rows, detail);
  } finally {
    await server.stop();
  }
}

interface FirstCalls {
  prefix: string;
  runtime: string;
  source: string;
  isolation: string;
  count: number;
  expected: 'claimed' | 'cold';
  env: Record<string, string>;
}

async function firstCalls(
  server: ColdframeServer,
  options: FirstCalls,
): Promise<{ times: number[]; others: Record<string, number> }> {
  const times: number[] = [];
  const others: Record<string, number> = {};
  const connection = await HttpConnection.open(server.port);
  for (let index = 0; index < options.count; index++) {
    const name = `${options.prefix}-${index}`;
    await server.deploy(
      name,
      options.runtime,
      `${options.source}# ${index}\n`.replace('# ', options.runtime.startsWith('node') ? '// ' : '# '),
      { isolation: options.isolation, env: options.env },
    );
    if (options.expected === 'claimed') await server.untilPoolHolds(options.isolation, 1, options.runtime);
    const request = postRequest(`/api/v1/functions/${name}/invoke`, EVENT, { authorization: `Bearer ${ADMIN_KEY}` });
    const fromMs = performance.now();
    const reply = await connection.send(request);
    const tookMs = performance.now() - fromMs;
    const start = /coldframe-start: *(\w+)/i.exec(reply.head)?.[1] ?? 'none';
    if (reply.status !== 200) throw new Error(`${name}: ${reply.status} ${reply.body}`);
    if (start === options.expected) times.push(tookMs);
    else others[start] = (others[start] ?? 0) + 1;
    await server.api('DELETE', `/functions/${name}`);
  }
  connection.close();
  return { times, others };
}

/** The bare tool starting the same interpreter to its end, beside which a cold start is judged. */
function controlMs(isolation: string, runtime: string): { name: string; ms: number } | null {
  const program = runtime === 'nodejs24' ? [process.execPath, '-e', '0'] : ['/usr/bin/python3', '-c', 'pass'];
  const command: Record<string, { name: string; argv: string[] }> = {
    bubblewrap: { name: 'bwrap', argv: ['bwrap', '--ro-bind', '/', '/', '--unshare-all', ...program] },
    process: { name: 'spawn', argv: program },
  };
  const image = isolation === 'docker' || isolation === 'gvisor' ? dockerImage() : null;
  const control = image
    ? {
        name: `docker run${isolation === 'gvisor' ? ` --runtime=${GVISOR_RUNTIME}` : ''}`,
        argv: [
          'docker',
          'run',
          '--rm',
          ...(isolation === 'gvisor' ? [`--runtime=${GVISOR_RUNTIME}`] : []),
          '--network=none',
          '--entrypoint',
          runtime === 'nodejs24' ? 'node' : 'python3',
          image,
          runtime === 'nodejs24' ? '-e' : '-c',
          runtime === 'nodejs24' ? '0' : 'pass',
        ],
      }
    : command[isolation];
  if (!control) return null;
  const times: number[] = [];
  for (let run = 0; run < CONTROLS; run++) {
    const fromMs = performance.now();
    execFileSync(control.argv[0]!, control.argv.slice(1), { stdio: 'ignore' });
    times.push(performance.now() - fromMs);
  }
  return { name: control.name, ms: percentile(times, 0.5) };
}

function dockerImage(): string | null {
  const lines = execFileSync('docker', ['image', 'ls', '--filter', 'label=coldframe.recipe', '--format', '{{.ID}}'], {
    encoding: 'utf8',
  })
    .trim()
    .split('\n');
  return lines[0] || null;
}
