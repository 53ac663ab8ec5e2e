/** The one to whom the bytes belong. */
export interface Party {
  listener: 'console' | 'functions';
  /** Null when the request is for no function. */
  functionId: string | null;
  /** True when a good key or session was shown. */
  isTrusted: boolean;
}

/** Why a holding had to be released: there was no room and it was the slowest, or it moved too little. */
export type CutReason = 'full' | 'slow';

/** The budget, as a holding sees it. */
export interface HoldingLedger {
  /** False when there is no room. The holding is then released. */
  admit(holding: Holding, bytes: number): boolean;
  released(holding: Holding): void;
  settled(holding: Holding): void;
}

export interface HoldingOptions {
  ledger: HoldingLedger;
  party: Party;
  bytes: number;
  nowMs: number;
  /** Called once when it is cut before its end. It is already released then. */
  cut: (reason: CutReason) => void;
  /** For a result: bytes that its reader has not taken. Null for a body. */
  leftBytes: (() => number) | null;
}

/**
 * Bytes of one request. First they move, in from a sender or out to a reader, at a pace that a stranger chooses, so a holding
 * can be cut. `keep` ends that for a body that is whole: from then on only its owner releases it.
 */
export class Holding {
  readonly party: Party;
  bytes: number;
  movedAtMs: number;
  windowBeganAtMs: number;
  paceBefore: number | null = null;
  #windowBytes = 0;
  readonly #options: HoldingOptions;
  readonly #firstBytes: number;
  #state: 'moving' | 'kept' | 'released' = 'moving';

  constructor(options: HoldingOptions) {
    this.#options = options;
    this.party = options.party;
    this.bytes = options.bytes;
    this.#firstBytes = options.bytes;
    this.movedAtMs = options.nowMs;
    this.windowBeganAtMs = options.nowMs;
  }

  /** Bytes that came in or went out since the window began. */
  get windowMovedBytes(): number {
    return this.#movedBytes - this.#windowBytes;
  }

  get #movedBytes(): number {
    const { leftBytes } = this.#options;
    return leftBytes === null ? this.bytes : this.#firstBytes - leftBytes();
  }

  /**
   * More bytes have arrived. False when there is no room, even after a slower one was cut: then nothing is held any
   * more.
   */
  grow(bytes: number): boolean {
    return this.#state !== 'released' && this.#options.ledger.admit(this, bytes);
  }

  /** All of it has arrived. */
  keep(): void {
    if (this.#state !== 'moving') return;
    this.#state = 'kept';
    this.#options.ledger.settled(this);
  }

  /** A repeated call does nothing. */
  release(): void {
    if (this.#state === 'released') return;
    this.#state = 'released';
    this.#options.ledger.released(this);
  }

  cut(reason: CutReason): void {
    if (this.#state !== 'moving') return;
    this.release();
    this.#options.cut(reason);
  }

  beginWindow(nowMs: number): void {
    this.paceBefore = this.windowMovedBytes / (nowMs - this.windowBeganAtMs);
    this.windowBeganAtMs = nowMs;
    this.movedAtMs = nowMs;
    this.#windowBytes = this.#movedBytes;
  }
}
