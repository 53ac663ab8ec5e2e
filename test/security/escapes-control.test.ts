import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Canaries } from './escapes/canaries.ts';

const FIXTURE = resolve(import.meta.dirname, '../../fixtures/functions/escapes');
const DEADLINE_MS = 60_000;
/** Without these even root is refused: dac_override, kill, net_raw, sys_ptrace, sys_admin, sys_boot, sys_time, mknod. */
const CAPABILITIES = [1n, 5n, 13n, 19n, 21n, 22n, 25n, 27n];
/** As a shim would call the handler; its own new mounts and host name stay in namespaces of its own. */
const RUN =
  'import json, sys; sys.path.insert(0, sys.argv[1]); import index; print(json.dumps(index.handler(json.load(sys.stdin), None)))';
/** What only the kernel's owner may do, and what is only protected by permissions: nothing stands between root and these. */
const OPEN_TO_ROOT = [
  ...['host-files', 'host-write', 'server-state', 'other-processes', 'signal-others', 'ptrace-others'],
  ...['host-loopback', 'host-abstract', 'raw-sockets', 'mount', 'namespaces', 'setuid', 'devices', 'proc-sys'],
  ...['machine', 'time', 'code-write', 'code-links', 'other-code', 'other-env'],
];

function isAlmighty(): boolean {
  const held = /^CapEff:\s+([0-9a-f]+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0';
  return process.getuid?.() === 0 && CAPABILITIES.every((bit) => ((BigInt(`0x${held}`) >> bit) & 1n) === 1n);
}

describe.skipIf(!isAlmighty())('the probes themselves (needs root with its capabilities)', () => {
  let canaries: Canaries;
  let folder: string;
  beforeAll(async () => {
    canaries = await Canaries.open();
    folder = mkdtempSync(join(tmpdir(), 'coldframe-control-'));
  });
  afterAll(async () => {
    await canaries.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('find the doors open where there is no fence at all', { timeout: DEADLINE_MS }, async () => {
    const { marker, hostFile, openFile, openDir, linkTarget, abstractName, port, pid } = canaries;
    cpSync(FIXTURE, join(folder, 'task'), { recursive: true });
    const facts = {
      ...{ marker, hostFiles: [hostFile], writeTo: [openFile, join(openDir, 'planted')], linkTargets: [linkTarget] },
      ...{ stateFiles: ['/etc/shadow'], roots: [folder], codeMarker: 'leave its sandbox', envMarker: marker },
      ...{
        isOnHost: true,
        canaryPid: pid,
        dockerSockets: [],
        runDirs: [],
        neighbourSockets: [],
        neighbourPipes: [],
        ports: [port],
      },
      ...{ abstract: abstractName, hostAddresses: [], neighbourPort: port, neighbourAbstract: abstractName },
    };
    const python = ['python3', '-c', RUN, join(folder, 'task')];
    const env = { PATH: process.env.PATH, TMPDIR: folder, LAMBDA_TASK_ROOT: join(folder, 'task') };
    const { stdout, stderr } = await new Promise<{ stdout: string; stderr: string }>((resolve) => {
      const options = { env, timeout: DEADLINE_MS };
      const child = execFile('unshare', ['--mount', '--uts', '--ipc', ...python], options, (_error, out, err) =>
        resolve({ stdout: out, stderr: err }),
      );
      child.stdin?.end(JSON.stringify({ do: 'probe', facts }));
    });
    expect(stderr).toBe('');
    const reports = JSON.parse(stdout) as Record<string, { open: boolean; seen: string; broken?: string[] }>;
    expect(Object.values(reports).flatMap(({ broken = [] }) => broken)).toEqual([]);
    const closed = OPEN_TO_ROOT.filter((id) => !reports[id]?.open).map((id) => `${id}: ${reports[id]?.seen}`);
    expect(closed).toEqual([]);
  });

  it('and the host’s own eyes see what was done to it', () => {
    expect(canaries.harm()).toEqual(expect.arrayContaining(['a process of the host was ended']));
    expect(canaries.takeWrites()).toBe(true);
    expect(canaries.visitors).toBeGreaterThan(0);
  });
});
