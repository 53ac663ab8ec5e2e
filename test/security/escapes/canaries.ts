import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { hostname, networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';

const CORE_PATTERN = '/proc/sys/kernel/core_pattern';
const BOOT_ID = '/proc/sys/kernel/random/boot_id';
const CLOCK_DRIFT_MAX_MS = 2_000;

/**
 * What is put on the host for hostile functions to find, and what tells whether they did: files, a process, listening
 * sockets that count who comes. Everything goes with `close`.
 */
export class Canaries {
  /** In every canary: a file's content, the process's command line and environment. */
  readonly marker = `canary-${randomBytes(12).toString('hex')}`;
  readonly abstractName = `coldframe-${this.marker}`;
  readonly hostFile: string;
  readonly openFile: string;
  readonly openDir: string;
  readonly linkTarget: string;
  readonly #root: string;
  readonly #process: ChildProcess;
  readonly #servers: Server[] = [];
  readonly #before = hostFacts();
  readonly #startedAtMs = performance.now();
  readonly #startedAt = Date.now();
  port = 0;
  visitors = 0;

  private constructor() {
    // Not in the temp folder: that is a sandbox's own, and what lies elsewhere would go unseen.
    const isRoot = process.getuid?.() === 0;
    this.#root = mkdtempSync(join(isRoot ? '/var/lib' : tmpdir(), 'coldframe-canary-'));
    chmodSync(this.#root, 0o755);
    this.hostFile = join(this.#root, 'readable');
    this.openFile = join(this.#root, 'writable');
    this.openDir = join(this.#root, 'open');
    this.linkTarget = join(this.#root, 'precious');
    writeFileSync(this.hostFile, this.marker, { mode: 0o644 });
    writeFileSync(this.openFile, '');
    chmodSync(this.openFile, 0o666);
    for (const folder of [this.openDir, this.linkTarget]) mkdirSync(folder);
    chmodSync(this.openDir, 0o1777);
    writeFileSync(join(this.linkTarget, 'file'), this.marker);
    // It waits for a pipe of ours to end, so it goes with this process even where nobody closes it. It has no child to leave.
    this.#process = spawn(process.execPath, ['-e', 'process.stdin.resume()', this.marker], {
      env: { PATH: process.env.PATH, CANARY: this.marker },
      stdio: ['pipe', 'ignore', 'ignore'],
    });
  }

  static async open(): Promise<Canaries> {
    const canaries = new Canaries();
    await canaries.#listen({ port: 0, host: '::' });
    await canaries.#listen({ path: `\0${canaries.abstractName}` });
    return canaries;
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  /** Of every interface but the loopback, the bridge's gateway among them. */
  get hostAddresses(): string[] {
    const addresses = Object.values(networkInterfaces()).flatMap((one) => one ?? []);
    return addresses.filter(({ internal, scopeid }) => !internal && !scopeid).map(({ address }) => address);
  }

  /** Who wrote into the open places, undone. */
  takeWrites(): boolean {
    const planted = join(this.openDir, 'planted');
    const isWritten = existsSync(planted) || readFileSync(this.openFile, 'utf8') !== '';
    rmSync(planted, { force: true });
    writeFileSync(this.openFile, '');
    return isWritten;
  }

  /** What of the host has been harmed, in words; empty when nothing. */
  harm(): string[] {
    const now = hostFacts();
    const drift = Math.abs(Date.now() - this.#startedAt - (performance.now() - this.#startedAtMs));
    const harms: [boolean, string][] = [
      [readOr(join(this.linkTarget, 'file')) !== this.marker, 'a file behind a planted link is gone'],
      [readOr(this.hostFile) !== this.marker, 'a file of the host was changed'],
      [this.#process.exitCode !== null || this.#process.signalCode !== null, 'a process of the host was ended'],
      [now.corePattern !== this.#before.corePattern, 'core_pattern was changed'],
      [now.hostname !== this.#before.hostname, 'the host was renamed'],
      [drift > CLOCK_DRIFT_MAX_MS, 'the clock was set'],
    ];
    return harms.filter(([isHarmed]) => isHarmed).map(([, what]) => what);
  }

  async close(): Promise<void> {
    const ended = once(this.#process, 'exit');
    if (this.#process.kill('SIGKILL')) await ended;
    await Promise.all(this.#servers.map((server) => new Promise((resolve) => server.close(resolve))));
    rmSync(this.#root, { recursive: true, force: true });
  }

  async #listen(where: { port: number; host: string } | { path: string }): Promise<void> {
    const server = createServer((visitor) => {
      this.visitors++;
      visitor.on('error', () => {}).destroy();
    });
    this.#servers.push(server);
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(where, resolve));
    const address = server.address();
    if (address !== null && typeof address === 'object') this.port = address.port;
  }
}

/** As a function sees it from inside: equal only on the host's own kernel. */
export function hostKernel(): string {
  return `${readOr(BOOT_ID).trim()} ${readOr('/proc/sys/kernel/osrelease').trim()}`;
}

function hostFacts(): { corePattern: string; hostname: string } {
  return { corePattern: readOr(CORE_PATTERN), hostname: hostname() };
}

function readOr(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
