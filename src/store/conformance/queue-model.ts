import type { DeadReason } from '../../domain/dead-reason.ts';
import type { InvocationState, Outcome } from '../../domain/names.ts';
import { LOSSES_MAX, type NewInvocation, type QueueRef } from '../contract/queue-table.ts';
import { HERE } from './examples.ts';
import type { OpenStore } from './store-rig.ts';

export const QUEUES: readonly QueueRef[] = ['fn-a', 'fn-b'].map((functionId) => ({
  workspaceId: HERE,
  functionId,
  queueKey: `${functionId}:$LATEST`,
}));

export function newInvocation(id: string, over: Partial<NewInvocation> = {}): NewInvocation {
  return {
    ...QUEUES[0]!,
    ...{ id, functionName: 'a', trigger: 'api', event: new TextEncoder().encode(`{"id":"${id}"}`) },
    ...{ acceptedMs: 1_000, dueMs: 1_000, expiresMs: 100_000, minIsolation: null, traceId: null },
    ...{ parentId: null, rootId: null, depth: 0, scheduleId: null },
    ...over,
  };
}

/** One statement, on rows named by their number. Each may come at any time, also when it must do nothing. */
export type QueueOp =
  | { do: 'claim'; queue: number; owner: number; limit: number; nowMs: number }
  /** `isStale`: with the fence of the claim before. */
  | { do: 'settle'; row: number; owner: number; isStale: boolean; to: 'finished' | 'retrying' | 'dead' | 'queued' }
  | { do: 'takeOver'; owner: number; isDead: boolean }
  | { do: 'expire'; nowMs: number }
  | { do: 'cancel'; row: number }
  | { do: 'cancelWaiting'; queue: number }
  | { do: 'redrive'; row: number }
  | { do: 'told'; row: number };

interface ModelRow {
  queue: number;
  state: InvocationState;
  dueMs: number | null;
  expiresMs: number;
  owner: number | null;
  fence: number;
  attempt: number;
  failures: number;
  losses: number;
  outcome: Outcome | null;
  reason: DeadReason | null;
  isCancelAsked: boolean;
  isGone: boolean;
}

const SETTLE_DUE_MS = 3_000;
const OP_MS = 2_000;
const REDRIVEN_EXPIRES_MS = 200_000;

/** What the rows of a queue must be after any statements in any order, and how the same is asked of a store. */
export class QueueModel {
  readonly rows: ModelRow[] = [];
  readonly prefix: string;
  /** The lives of two servers; a dead one is followed by another. */
  readonly #owners: string[] = [];
  readonly #store: OpenStore;
  #lives = 0;

  private constructor(store: OpenStore, prefix: string) {
    this.#store = store;
    this.prefix = prefix;
  }

  /** `prefix` keeps apart the rows of models that share a store. */
  static async open(store: OpenStore, prefix: string): Promise<QueueModel> {
    const model = new QueueModel(store, prefix);
    for (const owner of [0, 1]) await model.#begin(owner);
    return model;
  }

  idOf(row: number): string {
    return `${this.prefix}row-${row}`;
  }

  async accept(queue: number, count: number, expiresMs = 100_000): Promise<void> {
    const first = this.rows.length;
    const ids = Array.from({ length: count }, (_, at) => this.idOf(first + at));
    await this.#store.queue.accept(ids.map((id) => newInvocation(id, { ...QUEUES[queue]!, expiresMs })));
    for (const _ of ids)
      this.rows.push({
        ...{ queue, state: 'queued', dueMs: 1_000, expiresMs, owner: null, fence: 0, attempt: 0, failures: 0 },
        ...{ losses: 0, outcome: null, reason: null, isCancelAsked: false, isGone: false },
      });
  }

  /** Asks the store, does the same to the model, and returns what differs; null when nothing does. */
  async run(op: QueueOp): Promise<string | null> {
    await this.#ask(op);
    this.#apply(op);
    const live = await this.#store.in(HERE).queued.byIds(this.rows.map((_, at) => this.idOf(at)));
    const byId = new Map(live.map((row) => [row.id, row]));
    for (const [at, row] of this.rows.entries()) {
      const seen = byId.get(this.idOf(at));
      const { queue: _queue, owner: _owner, fence: _fence, isGone, ...wanted } = row;
      const got = seen === undefined ? 'gone' : JSON.stringify(pick(seen, Object.keys(wanted)));
      const must = isGone ? 'gone' : JSON.stringify(pick(wanted, Object.keys(wanted)));
      if (got !== must) return `${JSON.stringify(op)} row ${at}: ${got} must be ${must}`;
    }
    return null;
  }

  /** Leaves nothing in the store for the next one. */
  async clear(): Promise<void> {
    const { queue, servers } = this.#store;
    for (const id of this.#owners) {
      await servers.end(id);
      await queue.takeOver(id, OP_MS);
    }
    for (const { queueKey } of QUEUES) await this.#store.in(HERE).queued.cancelWaiting(queueKey, OP_MS);
    await queue.told(await queue.ended(Number.MAX_SAFE_INTEGER, 500));
    await queue.pruneDead(Number.MAX_SAFE_INTEGER);
  }

  async #begin(owner: number): Promise<void> {
    const id = `${this.prefix}life-${this.#lives++}`;
    this.#owners[owner] = id;
    await this.#store.servers.register({ id, instance: id }, 1);
  }

  async #ask(op: QueueOp): Promise<void> {
    const { queue, servers } = this.#store;
    const { queued } = this.#store.in(HERE);
    if (op.do === 'claim') {
      const claims = [{ ...QUEUES[op.queue]!, limit: op.limit }];
      await queue.round({ owner: this.#owners[op.owner]!, nowMs: op.nowMs, settlements: [], claims });
    } else if (op.do === 'settle') {
      const { fence } = this.rows[op.row]!;
      const waits = op.to === 'queued' || op.to === 'retrying';
      const settlement = {
        ...{ workspaceId: HERE, id: this.idOf(op.row), fence: op.isStale ? fence - 1 : fence, state: op.to },
        outcome: outcomeOf(op.to),
        reason: op.to === 'dead' ? ('exhausted' as const) : null,
        dueMs: waits ? SETTLE_DUE_MS : null,
        isFailure: op.to === 'retrying' || op.to === 'dead',
        ...{ attempts: [], children: [] },
      };
      await queue.round({ owner: this.#owners[op.owner]!, nowMs: OP_MS, settlements: [settlement], claims: [] });
    } else if (op.do === 'takeOver') {
      if (op.isDead) await servers.end(this.#owners[op.owner]!);
      await queue.takeOver(this.#owners[op.owner]!, OP_MS);
      if (op.isDead) await this.#begin(op.owner);
    } else if (op.do === 'expire') await queue.expire(op.nowMs);
    else if (op.do === 'cancel') await queued.cancel(this.idOf(op.row), OP_MS);
    else if (op.do === 'cancelWaiting') await queued.cancelWaiting(QUEUES[op.queue]!.queueKey, OP_MS);
    else if (op.do === 'redrive')
      await queued.redrive([{ id: this.idOf(op.row), expiresMs: REDRIVEN_EXPIRES_MS }], OP_MS);
    else await queue.told([{ workspaceId: HERE, id: this.idOf(op.row) }]);
  }

  #apply(op: QueueOp): void {
    if (op.do === 'claim') this.#claim(op);
    else if (op.do === 'settle') this.#settle(op);
    else if (op.do === 'takeOver') this.#takeOver(op);
    else if (op.do === 'expire') {
      for (const row of this.rows)
        if (row.dueMs !== null && row.expiresMs <= op.nowMs) {
          Object.assign(row, { state: 'dead', reason: 'expired', dueMs: null });
        }
    } else if (op.do === 'cancel') {
      const row = this.rows[op.row]!;
      if (row.dueMs !== null) end(row);
      else if (row.owner !== null) row.isCancelAsked = true;
    } else if (op.do === 'cancelWaiting') {
      for (const row of this.rows) if (row.queue === op.queue && row.dueMs !== null) end(row);
    } else if (op.do === 'redrive') this.#redrive(this.rows[op.row]!);
    else {
      const row = this.rows[op.row]!;
      if (row.state === 'finished') row.isGone = true;
    }
  }

  #claim({ queue, owner, limit, nowMs }: Extract<QueueOp, { do: 'claim' }>): void {
    const due = this.rows.filter((it) => it.queue === queue && it.dueMs !== null && it.dueMs <= nowMs);
    const inOrder = due.filter((it) => it.expiresMs > nowMs).sort((a, b) => a.dueMs! - b.dueMs!);
    for (const row of inOrder.slice(0, limit)) {
      Object.assign(row, { state: 'running', dueMs: null, owner, fence: row.fence + 1, attempt: row.attempt + 1 });
    }
  }

  #settle({ row: at, owner, isStale, to }: Extract<QueueOp, { do: 'settle' }>): void {
    const row = this.rows[at]!;
    if (row.owner !== owner || isStale) return;
    row.owner = null;
    if (to === 'retrying' || to === 'dead') row.failures++;
    const waits = to === 'queued' || to === 'retrying';
    if (waits && row.isCancelAsked) end(row);
    else {
      const reason = to === 'dead' ? 'exhausted' : null;
      Object.assign(row, { state: to, dueMs: waits ? SETTLE_DUE_MS : null, outcome: outcomeOf(to), reason });
    }
  }

  #takeOver({ owner, isDead }: Extract<QueueOp, { do: 'takeOver' }>): void {
    for (const row of this.rows) {
      if (!isDead || row.owner !== owner) continue;
      row.losses++;
      row.owner = null;
      if (row.isCancelAsked) end(row);
      else if (row.losses >= LOSSES_MAX) Object.assign(row, { state: 'dead', reason: 'lost', outcome: null });
      else Object.assign(row, { state: 'queued', dueMs: OP_MS, outcome: null, reason: null });
    }
  }

  #redrive(row: ModelRow): void {
    if (row.state !== 'dead' || row.isGone) return;
    const fresh = { failures: 0, losses: 0, outcome: null, reason: null, isCancelAsked: false };
    Object.assign(row, { state: 'queued', dueMs: OP_MS, expiresMs: REDRIVEN_EXPIRES_MS, ...fresh });
  }
}

function outcomeOf(to: Extract<QueueOp, { do: 'settle' }>['to']): Outcome | null {
  return to === 'finished' ? 'ok' : to === 'queued' ? null : 'error';
}

function end(row: ModelRow): void {
  Object.assign(row, { state: 'finished', outcome: 'cancelled', dueMs: null, reason: null });
}

function pick(from: object, names: string[]): Record<string, unknown> {
  return Object.fromEntries(names.sort().map((name) => [name, from[name as keyof typeof from]]));
}
