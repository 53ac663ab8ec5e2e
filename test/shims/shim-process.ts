import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { constants, cpSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import net, { type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FrameChannel } from '../../src/sandbox/wire/frame-channel.ts';
import { type Frame, parseMeta, type WireViolation } from '../../src/sandbox/wire/frame-codec.ts';
import { FRAME, FROM_SHIM, type FrameType } from '../../src/sandbox/wire/frame-type.ts';

export type Language = 'node' | 'python';

const PYTHON = '/usr/bin/python3';
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** Far beyond any honest wait, so that a crowded machine fails no test. */
const WAIT_MS = 25_000;

/** One received frame with its meta read. */
export interface Heard {
  type: FrameType;
  stream: number;
  meta: Record<string, unknown>;
  text: string;
}

/** A real shim process on the bare machine, and the host's end of its channel, for the behaviour suite. */
export class ShimProcess {
  readonly heard: Heard[] = [];
  readonly violations: WireViolation[] = [];
  readonly directory: string;
  stdout = '';
  stderr = '';
  exitCode: number | null | undefined;
  channel!: FrameChannel;
  readonly #server: Server;
  #child!: ChildProcess;
  #outputs: Socket[] = [];
  #taken = new Set<Heard>();
  #waiters = new Set<() => void>();

  /** Starts the shim and waits for its hello. */
  static async start(language: Language, env: Record<string, string> = {}): Promise<ShimProcess> {
    const shim = new ShimProcess();
    await shim.#boot(language, env);
    return shim;
  }

  private constructor() {
    this.directory = mkdtempSync(join(tmpdir(), 'cf-shim-'));
    this.#server = net.createServer();
  }

  async #boot(language: Language, env: Record<string, string>): Promise<void> {
    const path = join(this.directory, 's');
    await new Promise<void>((resolve) => this.#server.listen(path, resolve));
    const connected = new Promise<Socket>((resolve) => this.#server.once('connection', resolve));
    const [command, ...args] =
      language === 'node'
        ? [process.execPath, join(ROOT, 'runtimes/node/bootstrap.mjs')]
        : [PYTHON, '-I', join(ROOT, 'runtimes/python/bootstrap.py')];
    // Real FIFOs, as the drivers use: Node's own 'pipe' is a pair of sockets, on which writes behave otherwise.
    const fifos = [join(this.directory, 'out'), join(this.directory, 'err')];
    execFileSync('/usr/bin/mkfifo', fifos);
    const [out, err] = fifos.map((fifo) => {
      const fd = openSync(fifo, constants.O_RDWR | constants.O_NONBLOCK);
      return new net.Socket({ fd, readable: true, writable: false });
    }) as [Socket, Socket];
    this.#outputs = [out, err];
    out.on('data', (data) => this.#note(() => (this.stdout += data)));
    err.on('data', (data) => this.#note(() => (this.stderr += data)));
    const intoFifos = ['-c', 'out=$1 err=$2; shift 2; exec "$@" >"$out" 2>"$err"', 'sh', ...fifos, command as string];
    this.#child = spawn('/bin/sh', [...intoFifos, ...args], {
      stdio: 'ignore',
      env: {
        COLDFRAME_CHANNEL: path,
        COLDFRAME_TOKEN: '0123456789abcdef0123456789abcdef',
        COLDFRAME_RUNTIME: language === 'node' ? 'nodejs24' : 'python3.11',
        PATH: '/usr/bin:/bin',
        LANG: 'en_US.UTF-8',
        TZ: ':UTC',
        ...env,
      },
    });
    this.#child.on('exit', (code) => this.#note(() => (this.exitCode = code)));
    const socket = await connected;
    this.#server.close();
    this.channel = new FrameChannel({
      duplex: socket,
      accepts: FROM_SHIM,
      onFrame: (frame) => this.#hear(frame),
      onViolation: (violation) => this.#note(() => this.violations.push(violation)),
      onClose: () => {},
    });
  }

  /** Sends init and load for a handler below `fixtures/functions`; resolves with `loaded` or `loadError`. */
  async load(folder: string, options: { handler?: string; concurrency?: number; env?: object } = {}): Promise<Heard> {
    const taskRoot = join(this.directory, 'task');
    cpSync(join(ROOT, 'fixtures/functions', folder), taskRoot, { recursive: true });
    const entropy = Buffer.alloc(64, 7).toString('base64');
    const env = Buffer.from(JSON.stringify(options.env ?? {}));
    this.channel.send(FRAME.init, 0, JSON.stringify({ entropy, wallTimeMs: Date.now() }), env);
    const meta = {
      taskRoot,
      handler: options.handler ?? 'index.handler',
      functionName: 'fixture',
      functionVersion: '$LATEST',
      functionArn: 'arn:aws:lambda:local-1:000000000000:function:fixture',
      memoryMib: 128,
      timeoutMs: 3000,
      concurrency: options.concurrency ?? 1,
      logGroup: '/aws/lambda/fixture',
      logStream: '2026/01/01/[$LATEST]0',
    };
    this.channel.send(FRAME.load, 0, JSON.stringify(meta), null);
    return this.next((frame) => frame.type === FRAME.loaded || frame.type === FRAME.loadError);
  }

  send(stream: number, event: unknown, meta: Record<string, unknown> = {}): void {
    const body = event instanceof Uint8Array ? event : Buffer.from(JSON.stringify(event));
    const full = { id: `request-${stream}`, arn: 'arn:fixture', remainingMs: 3000, stream: false, ...meta };
    this.channel.send(FRAME.invoke, stream, JSON.stringify(full), body);
  }

  /** The end or error frame of a stream; each is handed out once. */
  reply(stream: number): Promise<Heard> {
    return this.next((frame) => frame.stream === stream && (frame.type === FRAME.end || frame.type === FRAME.error));
  }

  async invoke(stream: number, event: unknown, meta: Record<string, unknown> = {}): Promise<Heard> {
    this.send(stream, event, meta);
    return this.reply(stream);
  }

  async next(wanted: (frame: Heard) => boolean): Promise<Heard> {
    let found: Heard | undefined;
    await this.until(() => {
      found = this.heard.find((frame) => !this.#taken.has(frame) && wanted(frame));
      return found !== undefined;
    });
    this.#taken.add(found as Heard);
    return found as Heard;
  }

  /** Waits for a condition on what was heard, printed or exited; looks again after each. */
  async until(condition: () => boolean): Promise<void> {
    let isOver = false;
    const timer = setTimeout(() => this.#note(() => (isOver = true)), WAIT_MS);
    try {
      while (!condition()) {
        if (isOver) throw new Error(`not within ${WAIT_MS} ms; heard ${JSON.stringify(this.heard)} ${this.stderr}`);
        await new Promise<void>((resolve) => this.#waiters.add(resolve));
      }
    } finally {
      clearTimeout(timer);
    }
  }

  async exited(): Promise<number | null> {
    await this.until(() => this.exitCode !== undefined);
    return this.exitCode ?? null;
  }

  async stop(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.exited();
    this.channel.close();
    for (const output of this.#outputs) output.destroy();
    rmSync(this.directory, { recursive: true, force: true });
  }

  #hear(frame: Frame): void {
    const meta = parseMeta(frame.meta);
    if (meta === null) throw new Error(`a shim sent a bad meta: ${frame.meta.toString()}`);
    this.#note(() => this.heard.push({ type: frame.type, stream: frame.stream, meta, text: frame.body.toString() }));
  }

  #note(change: () => unknown): void {
    change();
    const waiters = [...this.#waiters];
    this.#waiters.clear();
    for (const waiter of waiters) waiter();
  }
}
