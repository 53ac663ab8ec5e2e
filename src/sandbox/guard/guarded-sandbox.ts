import type { Box, BoxExit, CodeRef, SandboxSpec } from '../../contract/driver.ts';
import type {
  Crash,
  LoadResult,
  LoadSettings,
  Sandbox,
  SandboxReply,
  SandboxRequest,
  SandboxState,
  Settled,
} from '../../contract/sandbox.ts';
import { SandboxError } from '../../contract/sandbox-error.ts';
import { UNKNOWN_USAGE } from '../../domain/invocation.ts';
import type { Frame } from '../wire/frame-codec.ts';
import { BODY_MAX_BYTES, FRAME } from '../wire/frame-type.ts';
import type { BoxRemoval } from './driver-calls/box-removal.ts';
import { Exchange, type ExchangeOwner } from './exchange/exchange.ts';
import { ExchangeTable } from './exchange/exchange-table.ts';
import { InvokeMeta } from './exchange/invoke-meta.ts';
import { KILLED, LOST, lastReply, type Violation } from './exchange/last-reply.ts';
import { MemoryWatch } from './exchange/memory-watch.ts';
import { UsageMeter } from './exchange/usage-meter.ts';
import { SandboxLifecycle, type TransitionListener } from './sandbox-state.ts';
import { CrashWatch } from './session/crash-watch.ts';
import { awaitHello } from './session/handshake.ts';
import { loadHandler } from './session/load-handler.ts';
import { type SessionOwner, ShimSession } from './session/shim-session.ts';

/** Time a handler has to end after the cancel call. */
const CANCEL_GRACE_MS = 1_000;

/**
 * A sandbox over a driver's box: speaks the wire, keeps the order, runs the clocks and believes nothing. Every way to end
 * goes through `#end`: replies first, then the kill, then (once output is drained and meters are read) the removal.
 *
 * Races it rules out: a reply is sent once, since a call leaves `#calls` or is marked before its callback runs; a sandbox
 * that timed out, broke the protocol or is dying takes nothing new (I2), since `draining` and `dead` have no way back; a
 * result written before the process ended still counts, since an exit waits for the channel's end.
 */
export class GuardedSandbox implements Sandbox, ExchangeOwner, SessionOwner {
  readonly id: string;
  readonly spec: SandboxSpec;
  readonly receipt: Sandbox['receipt'];
  readonly removed: Promise<void>;
  readonly #removal: BoxRemoval;
  readonly #lifecycle: SandboxLifecycle;
  readonly #box: Box;
  readonly #session: ShimSession;
  readonly #exchanges: ExchangeTable;
  readonly #meta = new InvokeMeta();
  readonly #deadListeners: ((reason: string) => void)[] = [];
  readonly #gone = Promise.withResolvers<void>();
  #features: Set<string> = new Set();
  /** Calls that have not settled yet. */
  #inFlight = 0;
  /** Calls that have not replied yet. */
  #unreplied = 0;
  #concurrency = 1;
  #isLoading = false;
  #hasLoaded = false;
  #endReason: string | null = null;
  #drainReason: string | null = null;
  #removalStarted = false;
  /** True when it ended although nobody ordered it. */
  #hasDied = false;
  readonly #meter: UsageMeter;
  readonly #memory: MemoryWatch;
  readonly #crash = new CrashWatch();

  constructor(box: Box, spec: SandboxSpec, removal: BoxRemoval, onTransition: TransitionListener) {
    this.id = spec.id;
    this.spec = spec;
    this.receipt = box.receipt;
    this.removed = removal.gone;
    this.#removal = removal;
    this.#box = box;
    this.#meter = new UsageMeter(box);
    this.#memory = new MemoryWatch(box, spec.memoryMib);
    this.#lifecycle = new SandboxLifecycle(this.id, onTransition);
    this.#session = new ShimSession(box, this);
    this.#exchanges = new ExchangeTable(this.#session);
  }

  get state(): SandboxState {
    return this.#lifecycle.state;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  get concurrency(): number {
    return this.#concurrency;
  }

  get alive(): boolean {
    const { state } = this.#lifecycle;
    return state !== 'dead' && state !== 'draining' && this.#session.isUp;
  }

  memoryBytes(): number | null {
    return this.#session.exit === null ? this.#box.currentBytes() : null;
  }

  /** Waits for a proper hello; on failure the sandbox is dead, removed, and this rejects with a SandboxError. */
  async greet(deadlineMs: number, signal: AbortSignal): Promise<void> {
    try {
      this.#features = await awaitHello(this.#session, deadlineMs, signal);
      if (this.#endReason !== null) throw new SandboxError('sandbox_start_failed', this.#endReason);
      this.#lifecycle.transition('ready', 'hello');
    } catch (error) {
      await this.destroy('no proper hello');
      throw error;
    }
  }

  async load(code: CodeRef, settings: LoadSettings, signal: AbortSignal): Promise<LoadResult> {
    if (this.state !== 'ready' || this.#hasLoaded) throw this.#lifecycle.illegal('load');
    this.#hasLoaded = true;
    this.#isLoading = true;
    try {
      const result = await loadHandler(this.#session, code, settings, signal);
      if (result.kind === 'loaded') {
        this.#concurrency = this.#features.has('concurrency') ? settings.concurrency : 1;
        this.#memory.loaded();
        this.#lifecycle.transition('loaded', 'loaded');
      }
      return result;
    } finally {
      this.#isLoading = false;
      this.#removeWhenQuiet();
    }
  }

  invoke(request: SandboxRequest, onReply: (reply: SandboxReply) => void, onSettled: (settled: Settled) => void): void {
    const { state } = this.#lifecycle;
    if ((state !== 'loaded' && state !== 'busy') || this.#inFlight >= this.#concurrency) {
      throw this.#lifecycle.illegal('invoke');
    }
    if (request.event.length > BODY_MAX_BYTES) throw new SandboxError('payload_too_large', 'event over one frame');
    const isShared = this.#inFlight > 0;
    const meterStart = this.#meter.start(isShared);
    if (state === 'loaded') this.#lifecycle.transition('busy', 'invoke');
    this.#inFlight += 1;
    this.#unreplied += 1;
    const stream = this.#exchanges.nextStream();
    const start = { stream, isShared, meterStart, pausedBeforeMs: this.#session.pauses.totalMs };
    const exchange = new Exchange(this, request, { onReply, onSettled }, start);
    this.#exchanges.put(exchange);
    exchange.isDispatched = this.#session.send(FRAME.invoke, stream, this.#meta.of(request), request.event, isShared);
    // When the session is up, a refusal means that the shim has stopped reading. Otherwise the shim's death is on its
    // way and brings the cause.
    if (!exchange.isDispatched && this.#session.isUp) {
      this.#end('the shim does not read', LOST, null);
    }
  }

  cancel(requestId: string): boolean {
    const exchange = this.#exchanges.waiting(requestId);
    if (exchange === null) return false;
    if (!exchange.isCancelled) {
      exchange.cancel(CANCEL_GRACE_MS);
      this.#session.send(FRAME.cancel, exchange.stream, '', null);
    }
    return true;
  }

  pause(): void {
    if (this.state !== 'loaded') throw this.#lifecycle.illegal('pause');
    if (this.#box.freeze === undefined) return;
    this.#orDie('freeze', () => this.#box.freeze?.());
    this.#lifecycle.transition('paused', 'idle');
  }

  resume(): void {
    if (this.#box.thaw === undefined && this.state === 'loaded') return;
    if (this.state !== 'paused') throw this.#lifecycle.illegal('resume');
    this.#orDie('thaw', () => this.#box.thaw?.());
    this.#lifecycle.transition('loaded', 'resumed');
  }

  drain(reason: string): void {
    const { state } = this.#lifecycle;
    if (state === 'draining' || state === 'dead') return;
    if (state === 'creating' || this.#inFlight === 0) {
      this.#end(reason, KILLED, null);
      return;
    }
    this.#drainReason = reason;
    this.#lifecycle.transition('draining', reason);
    this.#tellDead(reason);
  }

  destroy(reason: string): Promise<void> {
    this.#end(reason, KILLED, null);
    return this.#gone.promise;
  }

  onDead(listener: (reason: string) => void): void {
    const reason = this.#endReason ?? this.#drainReason;
    if (reason === null) this.#deadListeners.push(listener);
    else listener(reason);
  }

  onCrash(listener: (crash: Crash) => void): void {
    this.#crash.onCrash(listener);
  }

  // --- for the call

  exchangeReplied(exchange: Exchange): void {
    this.#session.output.beginDrain();
    this.#exchanges.remove(exchange);
    this.#unreplied -= 1;
  }

  /**
   * I1 and I2: the call is answered first. Then nothing new is taken, siblings run to their own clocks, and the rest is
   * killed.
   */
  exchangeExpired(exchange: Exchange): void {
    exchange.reply({ kind: exchange.isCancelled ? 'cancelled' : 'timeout' });
    this.#exchanges.put(exchange);
    this.#retire(exchange.isCancelled ? 'cancelled' : 'timeout');
  }

  settleExchange(exchange: Exchange): void {
    const isShared = exchange.isShared || this.#exchanges.lastStream > exchange.stream;
    const settled: Settled = {
      usage: exchange.isDispatched ? this.#meter.usage(exchange.meterStart, isShared) : UNKNOWN_USAGE,
      logs: this.#session.output.endDrain(exchange.lines),
      pausedMs: this.#session.pauses.totalMs - exchange.pausedBeforeMs,
    };
    this.#inFlight -= 1;
    if (this.#session.exit === null && this.#memory.hasKilled(settled.usage)) this.#retire('out of memory inside');
    if (this.#inFlight === 0) {
      if (this.state === 'busy') this.#lifecycle.transition('loaded', 'settled');
      else if (this.state === 'draining') this.#end(this.#drainReason ?? 'drained', KILLED, null);
      this.#removeWhenQuiet();
    }
    exchange.onSettled(settled);
  }

  // --- for the session

  /** Whoever made the call may send it elsewhere, because it was never read. */
  onUnread(): void {
    const exchange = this.#exchanges.unread();
    if (exchange === null) return;
    exchange.isDispatched = false;
    this.#end('the sandbox died before it read the call', LOST, null);
  }

  onDeath(exit: BoxExit): void {
    this.#end(`the sandbox ended (${exit.cause})`, exit, null);
  }

  onKill(reason: string): void {
    this.#end(reason, KILLED, null);
  }

  onViolation(detail: string, culprit: Exchange | null = null): void {
    this.#end(`protocol violation: ${detail}`, KILLED, { detail, culprit });
  }

  onCallFrame(frame: Frame): void {
    const verdict = this.#exchanges.take(frame);
    if (verdict === null) return;
    if (verdict === 'retire') this.#retire('the process ends');
    else this.onViolation(verdict.violation, verdict.culprit);
  }

  // --- endings

  /** Takes nothing new. It is killed as soon as no call waits for its reply. */
  #retire(reason: string): void {
    this.drain(reason);
    if (this.#unreplied === 0) this.#end(reason, KILLED, null);
  }

  #end(reason: string, exit: BoxExit, violation: Violation | null): void {
    if (this.#session.exit !== null) return;
    this.#session.markEnded(exit);
    this.#hasDied = exit !== KILLED;
    this.#endReason = reason;
    // A draining sandbox was ordered to end, and the call that was the reason has been told.
    const isCrash = this.#hasDied && this.#unreplied === 0 && ['loaded', 'busy'].includes(this.state);
    this.#lifecycle.transition('dead', reason);
    for (const exchange of this.#exchanges.takeAll()) exchange.reply(lastReply(exchange, exit, violation));
    this.#session.terminate(exit);
    if (isCrash) this.#crash.begin(exit, this.#session.logsAtEnd());
    this.#tellDead(reason);
    this.#removeWhenQuiet();
  }

  #tellDead(reason: string): void {
    for (const listener of this.#deadListeners.splice(0)) listener(reason);
  }

  #removeWhenQuiet(): void {
    if (this.#session.exit === null || this.#inFlight > 0 || this.#isLoading || this.#removalStarted) return;
    this.#removalStarted = true;
    this.#crash.whenTold(() => {
      this.#session.output.close();
      this.#removal.begin(this.#endReason ?? '', this.#hasDied).then(this.#gone.resolve, this.#gone.reject);
    });
  }

  /** A box that cannot be frozen or thawed cannot be trusted with the next call either. */
  #orDie(action: string, step: () => void): void {
    try {
      step();
    } catch (error) {
      this.#end(`${action} failed`, LOST, null);
      throw error instanceof SandboxError
        ? error
        : new SandboxError('sandbox_start_failed', `${action} failed`, { cause: error });
    }
  }
}
