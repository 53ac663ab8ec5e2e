import { execFileSync } from 'node:child_process';
import { ADMIN_KEY, ColdframeServer } from '../harness/coldframe-server.ts';
import { EVENT, NODE_ECHO } from '../harness/functions.ts';
import { closedLoop, HttpConnection, postRequest } from '../harness/load.ts';
import { type Row, report } from '../harness/report.ts';
import { format, percentile } from '../harness/stats.ts';

const SANDBOX_KILLS = 30;
const DEPLOYS = 30;

/** S12: kill -9 of a function's sandbox, then the next call; S13: kill -9 of the server under load; S14: an edited function deployed, to its first reply. */
export async function run({ isolation }: { isolation: string }): Promise<void> {
  let server = await ColdframeServer.start({ isolation });
  try {
    await server.deploy('victim', 'nodejs24', NODE_ECHO, { isolation });
    const request = postRequest('/api/v1/functions/victim/invoke', EVENT, { authorization: `Bearer ${ADMIN_KEY}` });
    const rows = [await sandboxKills(server, request, isolation), await deploys(server, isolation)];
    const load = closedLoop({ port: server.port, request }, { callers: 4, durationMs: 1_500 });
    await new Promise((wake) => setTimeout(wake, 1_000));
    const fromMs = performance.now();
    await server.kill('SIGKILL');
    await load;
    server = await ColdframeServer.start({ isolation, keep: server });
    const connection = await HttpConnection.open(server.port);
    const reply = await connection.send(request);
    const tookMs = performance.now() - fromMs;
    connection.close();
    rows.push({
      id: 'S13',
      what: `kill -9 of the server under load to the first good reply, ${isolation}`,
      value: `${format(tookMs, 0)} ms (status ${reply.status})`,
      floor: '3 s',
      aim: '0.8 s',
      met: reply.status === 200 && tookMs <= 3_000,
    });
    report(`recovery-${isolation}`, rows, {});
  } finally {
    await server.stop();
  }
}

async function sandboxKills(server: ColdframeServer, request: Buffer, isolation: string): Promise<Row> {
  const connection = await HttpConnection.open(server.port);
  const times: number[] = [];
  let failed = 0;
  for (let kill = 0; kill < SANDBOX_KILLS; kill++) {
    await connection.send(request);
    await server.untilPoolHolds(isolation, 1, 'nodejs24');
    const { sandboxes } = await server.api<{ sandboxes: { id: string; functionName: string | null }[] }>(
      'GET',
      '/pool',
    );
    const sandbox = sandboxes.find((one) => one.functionName === 'victim');
    if (!sandbox) throw new Error('the victim has no sandbox');
    killSandbox(sandbox.id);
    const fromMs = performance.now();
    let reply = await connection.send(request);
    for (; reply.status !== 200; reply = await connection.send(request)) failed++;
    times.push(performance.now() - fromMs);
  }
  connection.close();
  const p50 = percentile(times, 0.5);
  return {
    id: 'S12',
    what: `kill -9 one sandbox to the next good reply p50/max, ${isolation} (${failed} calls of ${SANDBOX_KILLS} met the dying one)`,
    value: `${format(p50, 1)} / ${format(Math.max(...times), 1)} ms`,
    floor: '150 ms',
    aim: '10 ms',
    met: Math.max(...times) <= 150,
  };
}

function killSandbox(id: string): void {
  const pids = execFileSync(
    'sh',
    ['-c', `cat $(find /sys/fs/cgroup -path '*${id}*' -name cgroup.procs) 2>/dev/null | sort -u`],
    { encoding: 'utf8' },
  )
    .trim()
    .split('\n');
  for (const pid of pids.filter(Boolean)) process.kill(Number(pid), 'SIGKILL');
}

async function deploys(server: ColdframeServer, isolation: string): Promise<Row> {
  const padding = `// ${'x'.repeat(10_000)}\n`;
  await server.deploy('edited', 'nodejs24', NODE_ECHO + padding, { isolation });
  const connection = await HttpConnection.open(server.port);
  const headers = `authorization: Bearer ${ADMIN_KEY}`;
  const times: number[] = [];
  for (let edit = 0; edit < DEPLOYS; edit++) {
    await server.untilPoolHolds(isolation, 1, 'nodejs24');
    const source = `${NODE_ECHO}${padding}// edit ${edit}\n`;
    const body = JSON.stringify({ source });
    const put = Buffer.from(
      `PUT /api/v1/functions/edited/code HTTP/1.1\r\nhost: 127.0.0.1\r\n${headers}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    );
    const fromMs = performance.now();
    const deployed = await connection.send(put);
    if (deployed.status >= 300) throw new Error(`deploy: ${deployed.status} ${deployed.body}`);
    const reply = await connection.send(
      postRequest('/api/v1/functions/edited/invoke', EVENT, { authorization: `Bearer ${ADMIN_KEY}` }),
    );
    if (reply.status !== 200) throw new Error(`invoke: ${reply.status} ${reply.body}`);
    times.push(performance.now() - fromMs);
  }
  connection.close();
  const p50 = percentile(times, 0.5);
  return {
    id: 'S14',
    what: `deploy of an edited 10 KB function to its first reply p50/max, ${isolation}`,
    value: `${format(p50, 0)} / ${format(Math.max(...times), 0)} ms`,
    floor: '1 s',
    aim: '60 ms',
    met: Math.max(...times) <= 1_000,
  };
}
