import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { Readable } from 'node:stream';

/** A slow mirror needs minutes for the 60 MiB of packages; beyond this it is stuck. */
const BOOTSTRAP_DEADLINE_MS = 10 * 60_000;
/** After SIGTERM mmdebstrap unmounts and removes its own directory. After this many milliseconds it is killed. */
const TERM_GRACE_MS = 5_000;
/** How much of its messages is kept for an error, in characters. */
const MESSAGES_MAX_CHARS = 4_000;

/** Documentation is of no use inside a sandbox and a third of the size. */
const EXCLUDED = [
  '/usr/share/man/*',
  '/usr/share/doc/*',
  '/usr/share/info/*',
  '/usr/share/locale/*',
  '/usr/share/lintian/*',
];

/**
 * What a base has besides Debian's minimum, in containers and in guests. Certificates, time zones and the names of protocols are what a
 * program expects of any base.
 */
export const BASE_PACKAGES = 'python3,ca-certificates,tzdata,netbase';

/** mmdebstrap's `I:` messages in order, each with the share of a whole run that is done by then, as measured. */
const MILESTONES: [text: string, fraction: number][] = [
  ['running apt-get update', 0.05],
  ['downloading packages', 0.2],
  ['extracting archives', 0.45],
  ['installing essential packages', 0.55],
  ['installing remaining packages', 0.7],
  ['cleaning package lists', 0.9],
  ['creating tarball', 0.95],
];

/** mmdebstrap is not installed here. */
export class BootstrapAbsent extends Error {
  override readonly name = 'BootstrapAbsent';
}

/**
 * The root file system of a minimal Debian with Python as a tar stream, made from packages alone. The stream ends only if
 * mmdebstrap succeeded and fails otherwise, so that what reads it never keeps half a system. Aborting or destroying the
 * stream ends mmdebstrap, which removes its own temporary directory.
 */
export function bootstrapDebian(options: {
  suite: string;
  signal: AbortSignal;
  onProgress: (fraction: number) => void;
  /** Replaces `mmdebstrap`. */
  command?: string | undefined;
}): Readable {
  return Readable.from(run(options), { objectMode: false });
}

async function* run(options: Parameters<typeof bootstrapDebian>[0]): AsyncGenerator<Uint8Array> {
  options.signal.throwIfAborted();
  const child = spawn(options.command ?? 'mmdebstrap', argumentsOf(options.suite), {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C.UTF-8' },
  });
  const exited = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
  exited.catch(() => {});
  const messages = readMessages(child, options.onProgress);
  const stop = () => terminate(child);
  const timer = setTimeout(stop, BOOTSTRAP_DEADLINE_MS);
  options.signal.addEventListener('abort', stop, { once: true });
  try {
    for await (const chunk of child.stdout as Readable) yield chunk as Buffer;
    const [code, signal] = await exited;
    options.signal.throwIfAborted();
    if (code !== 0) throw new Error(`mmdebstrap ended with ${code ?? signal}: ${messages()}`);
  } catch (error) {
    if (isNotFound(error)) throw new BootstrapAbsent('mmdebstrap is not installed');
    throw error;
  } finally {
    clearTimeout(timer);
    options.signal.removeEventListener('abort', stop);
    terminate(child);
    await exited.catch(() => {});
  }
}

function argumentsOf(suite: string): string[] {
  return [
    '--variant=minbase',
    `--include=${BASE_PACKAGES}`,
    ...EXCLUDED.map((path) => `--dpkgopt=path-exclude=${path}`),
    // These files would carry the host's name and resolver into every sandbox.
    '--customize-hook=rm -f "$1/etc/resolv.conf" "$1/etc/hostname"',
    suite,
    '-',
  ];
}

function readMessages(child: ChildProcess, onProgress: (fraction: number) => void): () => string {
  let text = '';
  child.stderr?.setEncoding('utf8').on('data', (piece: string) => {
    text = (text + piece).slice(-MESSAGES_MAX_CHARS);
    for (const [milestone, fraction] of MILESTONES) if (piece.includes(milestone)) onProgress(fraction);
  });
  return () => text.trim().split('\n').slice(-5).join(' | ');
}

function terminate(child: ChildProcess): void {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), TERM_GRACE_MS);
  child.once('exit', () => clearTimeout(timer));
}

function isNotFound(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === 'ENOENT';
}
