import type { Duplex } from 'node:stream';
import type { BoxExit, CodeRef, SandboxSpec } from '../../../contract/driver.ts';
import { FrameChannel } from '../../wire/frame-channel.ts';
import { encodeFrame, type Frame, parseMeta } from '../../wire/frame-codec.ts';
import { FRAME, FROM_HOST, type FrameType, PROTOCOL_VERSION } from '../../wire/frame-type.ts';
import { errorBody, NO_REPLY, namedError, ShimCall } from './memory-call.ts';
import type { MemoryFigures, MemoryHandler, MemoryProcess, ResolveModule } from './memory-module.ts';

/** The box around a shim, as the shim sees it. */
export interface ShimSurroundings {
  readonly code: CodeRef | null;
  readonly isFrozen: boolean;
  readonly figures: MemoryFigures;
  oomKillCount: number;
  resolve: (code: CodeRef, handler: string) => ReturnType<ResolveModule>;
  print(stream: 'stdout' | 'stderr', text: string | Uint8Array): void;
  end(exit: BoxExit): void;
  closeChannel(): void;
}

export interface MemoryShimOptions {
  spec: SandboxSpec;
  box: ShimSurroundings;
  duplex: Duplex;
  token: string;
  hello: { silent?: boolean; token?: string; protocol?: number; twice?: boolean };
}

/** What runs inside a real sandbox, emulated: the same frames in the same order, code in place of a package. */
export class MemoryShim implements MemoryProcess {
  env: Record<string, string> = {};
  settings: MemoryProcess['settings'] = {
    functionName: '',
    functionVersion: '',
    functionArn: '',
    memoryMib: 0,
    handler: '',
  };
  readonly #box: ShimSurroundings;
  readonly #duplex: Duplex;
  readonly #channel: FrameChannel;
  readonly #calls = new Map<number, ShimCall>();
  #handler: MemoryHandler | null = null;
  #isDead = false;
  /** What happens once thawed, in order. */
  #held: (() => void)[] = [];

  constructor(options: MemoryShimOptions) {
    this.#box = options.box;
    this.#duplex = options.duplex;
    this.#channel = new FrameChannel({
      duplex: options.duplex,
      accepts: FROM_HOST,
      onFrame: (frame) => this.whenAwake(() => this.#onFrame(frame)),
      onViolation: () => this.exit(1),
      onClose: () => {},
    });
    const { hello } = options;
    if (hello.silent) return;
    const meta = {
      protocol: hello.protocol ?? PROTOCOL_VERSION,
      features: ['stream', 'concurrency', 'cancel', 'log'],
      token: hello.token ?? options.token,
      runtime: options.spec.runtime,
      version: 'memory',
      bootMs: 0,
    };
    this.sendFrame(FRAME.hello, 0, 0, meta, null);
    if (hello.twice) this.sendFrame(FRAME.hello, 0, 0, meta, null);
  }

  get figures(): MemoryFigures {
    return this.#box.figures;
  }

  /** Runs it now; while frozen, at the thaw; once dead, never. */
  whenAwake(action: () => void): void {
    if (this.#isDead) return;
    if (this.#box.isFrozen) this.#held.push(action);
    else action();
  }

  wake(): void {
    const held = this.#held;
    this.#held = [];
    for (const action of held) this.whenAwake(action);
  }

  die(): void {
    this.#isDead = true;
    this.#held = [];
    this.#calls.clear();
  }

  stdout(text: string | Uint8Array): void {
    this.whenAwake(() => this.#box.print('stdout', text));
  }

  stderr(text: string | Uint8Array): void {
    this.whenAwake(() => this.#box.print('stderr', text));
  }

  exit(exitCode: number): void {
    this.whenAwake(() => this.#box.end({ cause: 'exit', exitCode, signal: null }));
  }

  signal(name: string): void {
    this.whenAwake(() => this.#box.end({ cause: 'signal', exitCode: null, signal: name }));
  }

  outOfMemory(): void {
    this.#box.oomKillCount += 1;
    this.#box.end({ cause: 'oom', exitCode: null, signal: 'SIGKILL' });
  }

  closeChannel(): void {
    this.whenAwake(() => this.#box.closeChannel());
  }

  sendRaw(bytes: Uint8Array): void {
    this.whenAwake(() => this.#duplex.write(Buffer.from(bytes)));
  }

  sendFrame(type: number, flags: number, stream: number, meta: object | null, body: Uint8Array | null): void {
    this.sendRaw(encodeFrame(type as FrameType, stream, meta === null ? '' : JSON.stringify(meta), body, flags));
  }

  /** The one way a call ends here. Unlike a careful shim it does not notice when the call had ended before. */
  finish(call: ShimCall, type: FrameType, meta: string, body: Uint8Array | null): void {
    this.#calls.delete(call.stream);
    if (this.#isDead) return;
    if (this.#box.isFrozen) this.whenAwake(() => this.#channel.send(type, call.stream, meta, body));
    else this.#channel.send(type, call.stream, meta, body);
  }

  #onFrame(frame: Frame): void {
    if (frame.type === FRAME.invoke) this.#invoke(frame);
    else if (frame.type === FRAME.init) this.env = JSON.parse(frame.body.toString('utf8'));
    else if (frame.type === FRAME.load) void this.#load(frame);
    else if (frame.type === FRAME.credit) this.#calls.get(frame.stream)?.grant(Number(parseMeta(frame.meta)?.bytes));
    else if (frame.type === FRAME.cancel) this.#calls.get(frame.stream)?.abort.abort();
    else if (frame.type === FRAME.ping) this.sendFrame(FRAME.pong, 0, 0, parseMeta(frame.meta), null);
    else if (frame.type === FRAME.shutdown) this.exit(0);
  }

  async #load(frame: Frame): Promise<void> {
    const meta = parseMeta(frame.meta) as unknown as MemoryProcess['settings'];
    this.settings = meta;
    const code = this.#box.code;
    const module = code === null ? null : this.#box.resolve(code, meta.handler);
    try {
      if (module === null) throw namedError('Runtime.ImportModuleError', `Cannot find module of ${meta.handler}`);
      this.#handler = typeof module === 'function' ? module : module.handler;
      if (typeof module !== 'function') await module.load?.(this);
      this.sendFrame(FRAME.loaded, 0, 0, { importUs: 0 }, null);
    } catch (error) {
      this.sendFrame(FRAME.loadError, 0, 0, { importUs: 0 }, errorBody(error));
      this.exit(1);
    }
  }

  #invoke(frame: Frame): void {
    const call = new ShimCall(this, frame);
    this.#calls.set(frame.stream, call);
    try {
      const result = this.#handler!(frame.body, call);
      if (result instanceof Promise) result.then(call.succeed, call.fail);
      else if (result !== NO_REPLY) call.succeed(result);
    } catch (error) {
      call.fail(error);
    }
  }
}
