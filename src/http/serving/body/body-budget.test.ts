import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BodyBudget } from './body-budget.ts';
import type { CutReason, Party } from './holding.ts';

const KIB = 1024;
const MAX_BYTES = 800 * KIB;
const CALLER: Party = { listener: 'console', functionId: null, isTrusted: true };
const STRANGER: Party = { listener: 'console', functionId: null, isTrusted: false };
const visitorOf = (functionId: string): Party => ({ listener: 'functions', functionId, isTrusted: false });

let nowMs: number;
let budget: BodyBudget;
const cuts: string[] = [];

beforeEach(() => {
  nowMs = 1_000;
  cuts.length = 0;
  budget = new BodyBudget(MAX_BYTES, () => nowMs);
});
afterEach(() => expect(budget.heldBytes).toBe(0));

function arriving(name: string, party: Party, bytes: number) {
  const holding = budget.arriving(party, (reason: CutReason) => cuts.push(`${name} ${reason}`));
  const fits = holding.grow(bytes);
  return { holding, fits };
}

describe('room', () => {
  it('counts bytes as they arrive, and gives them back once', () => {
    const { holding } = arriving('a', CALLER, 10);
    expect(holding.grow(5)).toBe(true);
    expect(budget.heldBytes).toBe(15);
    holding.keep();
    holding.release();
    holding.release();
  });

  it('goes to a faster body by cutting the slowest, and never by cutting one that is whole', () => {
    const whole = arriving('whole', CALLER, 300 * KIB).holding;
    whole.keep();
    const slow = arriving('slow', CALLER, 200 * KIB);
    nowMs += 5_000;
    const fast = arriving('fast', CALLER, 300 * KIB);
    expect([slow.fits, fast.fits, cuts]).toEqual([true, true, []]);
    nowMs += 1;
    expect(fast.holding.grow(100 * KIB)).toBe(true);
    expect(cuts).toEqual(['slow full']);
    expect(fast.holding.grow(200 * KIB)).toBe(false);
    expect(budget.heldBytes).toBe(300 * KIB);
    whole.release();
  });

  it('is refused to the body that is itself the slowest', () => {
    const fast = arriving('fast', CALLER, 700 * KIB).holding;
    const slow = budget.arriving(CALLER, () => {});
    nowMs += 100;
    expect(slow.grow(200 * KIB)).toBe(false);
    expect(cuts).toEqual([]);
    fast.release();
  });

  it('goes to a body that begins at the pace of its first bytes, not at the pace of one that has none', () => {
    const trickling = arriving('trickling', CALLER, 790 * KIB).holding;
    for (let i = 0; i < 45; i++) {
      nowMs += 200;
      trickling.grow(1);
    }
    const fresh = arriving('fresh', CALLER, 64 * KIB);
    expect([fresh.fits, cuts]).toEqual([true, ['trickling full']]);
    fresh.holding.release();
  });

  it('is not taken from a fast body because a new window of it has just begun', () => {
    const fast = arriving('fast', CALLER, 80 * KIB).holding;
    const slow = arriving('slow', CALLER, 90 * KIB).holding;
    for (let i = 0; i < 100; i++) {
      nowMs += 100;
      fast.grow(6 * KIB);
      slow.grow(1);
    }
    budget.sweep();
    nowMs += 1;
    const fresh = arriving('fresh', CALLER, 64 * KIB).holding;
    expect(cuts).toEqual(['slow full']);
    for (const one of [fast, fresh]) one.release();
  });

  it('is found for callers with a key by cutting strangers first, however fast they are', () => {
    arriving('stranger', STRANGER, 600 * KIB);
    const slow = arriving('slow', CALLER, 1 * KIB).holding;
    nowMs += 60_000;
    const caller = arriving('caller', CALLER, 300 * KIB).holding;
    expect(cuts).toEqual(['stranger full']);
    for (const one of [slow, caller]) one.release();
  });

  it('keeps an eighth for callers with a key', () => {
    const kept = arriving('a', STRANGER, 700 * KIB).holding;
    kept.keep();
    expect(arriving('b', STRANGER, 1).fits).toBe(false);
    const caller = arriving('c', CALLER, 100 * KIB);
    expect(caller.fits).toBe(true);
    kept.release();
    caller.holding.release();
  });

  it('keeps a quarter from the visitors of function URLs, and half from any one function', () => {
    const one = arriving('one', visitorOf('f1'), 400 * KIB).holding;
    one.keep();
    expect(arriving('more', visitorOf('f1'), 1).fits).toBe(false);
    const other = arriving('other', visitorOf('f2'), 200 * KIB).holding;
    other.keep();
    expect(arriving('more', visitorOf('f2'), 1).fits).toBe(false);
    for (const kept of [one, other]) kept.release();
  });

  it('is made for a small body that is there already, too', () => {
    arriving('idle', STRANGER, 700 * KIB);
    const rest = arriving('rest', CALLER, 90 * KIB).holding;
    rest.keep();
    expect(budget.reserve(20 * KIB)).toBe(true);
    expect(cuts).toEqual(['idle full']);
    budget.release(20 * KIB);
    rest.release();
    const whole = budget.keeping(CALLER, MAX_BYTES)!;
    expect(budget.reserve(1)).toBe(false);
    whole.release();
  });
});

describe('pace', () => {
  it('cuts a body that moves less than 10 KiB in 10 s, and lets a slow but steady one come to its end', () => {
    arriving('idle', CALLER, 1);
    const steady = arriving('steady', CALLER, 1).holding;
    for (let second = 0; second < 60; second++) {
      nowMs += 1_000;
      steady.grow(1.1 * KIB);
      budget.sweep();
    }
    expect(cuts).toEqual(['idle slow']);
    expect(budget.cutCount).toBe(1);
    steady.release();
  });

  it('cuts a reader that takes nothing, and counts a result even where it does not fit', () => {
    let leftBytes = 500 * KIB;
    const kept = budget.keeping(CALLER, 700 * KIB)!;
    const reading = budget.leaving(
      CALLER,
      500 * KIB,
      () => leftBytes,
      (reason) => cuts.push(`reader ${reason}`),
    );
    // It is the only one that could go, and a result is not thrown away for its own sake.
    expect([budget.heldBytes, cuts]).toEqual([1_200 * KIB, []]);
    nowMs += 10_000;
    leftBytes -= 20 * KIB;
    budget.sweep();
    nowMs += 10_000;
    budget.sweep();
    expect(cuts).toEqual(['reader slow']);
    reading.release();
    kept.release();
  });
});

describe('expected results', () => {
  it('follow what a function returned, shrink with smaller results and are forgotten', () => {
    expect(budget.expectedResultBytes('f')).toBe(0);
    budget.resultSeen('f', 200 * KIB);
    budget.resultSeen('g', 10);
    expect([budget.expectedResultBytes('f'), budget.expectedResultBytes('g')]).toEqual([200 * KIB, 0]);
    for (let call = 0; call < 20; call++) budget.resultSeen('f', 10);
    expect(budget.expectedResultBytes('f')).toBe(0);
  });
});
