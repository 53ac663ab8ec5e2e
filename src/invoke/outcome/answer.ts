import type { FunctionError, InvocationRecord, Receipt } from '../../domain/invocation.ts';
import type { Isolation, Outcome, Start, StartReason } from '../../domain/names.ts';
import type { ColdframeError, ErrorCode } from '../../errors/coldframe-error.ts';
import type { InvokeRequest, InvokeResult } from '../types.ts';
import type { Ending } from './ending.ts';
import { newRecord } from './record.ts';
import { receiptOf, type SandboxSource } from './sandbox-source.ts';
import { utcNow } from './utc-now.ts';

/** The invocation an answer belongs to, as far as the answer knows it. */
interface Answered {
  readonly request: InvokeRequest;
  whenRecorded(): Promise<InvocationRecord>;
}

/** What the caller is told. A class so that the hot path allocates one object and the record's promise only when asked for. */
export class Answer implements InvokeResult {
  readonly id: string;
  readonly outcome: Outcome;
  readonly code: ErrorCode | null;
  readonly body: Uint8Array | null;
  readonly streamed: boolean;
  readonly error: FunctionError | null;
  readonly start: Start | null;
  readonly startReason: StartReason | null;
  readonly isolation: Isolation | null;
  readonly durationMs: number;
  readonly retryAfterSeconds: number | null;
  readonly publicMessage: string | null;
  readonly #invocation: Answered;
  readonly #from: SandboxSource | null;

  constructor(invocation: Answered, ending: Ending, from: SandboxSource | null, totalMs: number) {
    this.id = invocation.request.id;
    this.outcome = ending.outcome;
    this.code = ending.code;
    this.body = ending.body;
    this.streamed = ending.streamedBytes !== null;
    this.error = ending.error;
    this.start = from?.start ?? null;
    this.startReason = from?.reason ?? null;
    this.isolation = from?.sandbox.receipt.isolation ?? null;
    this.durationMs = ending.handlerMs ?? totalMs;
    this.retryAfterSeconds = ending.retryAfterSeconds;
    this.publicMessage = ending.publicMessage;
    this.#invocation = invocation;
    this.#from = from;
  }

  get receipt(): Receipt | null {
    return this.#from && receiptOf(this.#from, this.#invocation.request.target.revision.codeSha256);
  }

  get record(): Promise<InvocationRecord> {
    return this.#invocation.whenRecorded();
  }
}

/** An invocation refused at the door: nothing ran, and only a counter remembers it. */
export function refusedResult(request: InvokeRequest, refusal: ColdframeError): InvokeResult {
  return {
    id: request.id,
    outcome: 'rejected',
    code: refusal.code,
    body: null,
    streamed: false,
    error: null,
    start: null,
    startReason: null,
    isolation: null,
    receipt: null,
    durationMs: 0,
    retryAfterSeconds: refusal.retryAfterSeconds,
    publicMessage: refusal.publicMessage,
    get record() {
      return Promise.resolve(newRecord(request, utcNow()));
    },
  };
}
