import { expect, test } from 'vitest';
import type { GuardedDriver } from '../../contract/guarded-driver.ts';
import type { EgressAnswer } from '../isolation-answers.ts';
import { EgressWatch } from './egress-watch.ts';

const log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const PROVEN: EgressAnswer = { isProven: true, detail: 'held', fix: null };

function watchOf(answers: EgressAnswer[]): { watch: EgressWatch; asked: boolean[] } {
  const asked: boolean[] = [];
  const prove = async (_: GuardedDriver, { fresh }: { fresh: boolean }): Promise<EgressAnswer> => {
    asked.push(fresh);
    return answers[asked.length - 1] ?? PROVEN;
  };
  return { watch: new EgressWatch({ prove, log }), asked };
}

const driver = { isolation: 'docker', capabilities: { egress: true } } as GuardedDriver;
const unlinked = { isolation: 'process', capabilities: {} } as GuardedDriver;

test('nothing is proven before somebody wants egress, and then once', async () => {
  const { watch, asked } = watchOf([]);
  watch.follow(driver, { isUsable: true, fresh: true });
  expect([asked, watch.answer('docker')]).toEqual([[], null]);
  await Promise.all([watch.settled(driver), watch.settled(driver)]);
  await watch.settled(driver);
  expect([asked, watch.answer('docker')]).toEqual([[false], PROVEN]);
});

test('a driver that links no sandboxes is never asked', async () => {
  const { watch, asked } = watchOf([]);
  await watch.settled(unlinked);
  expect([asked, watch.answer('process')]).toEqual([[], null]);
});

test('who waits while the operator looks again gets the newer answer', async () => {
  const failed = { isProven: false, detail: 'reached the host', fix: null };
  const { watch, asked } = watchOf([failed, PROVEN]);
  const waiting = watch.settled(driver);
  watch.follow(driver, { isUsable: true, fresh: true });
  await waiting;
  expect([asked, watch.answer('docker')]).toEqual([[false, true], PROVEN]);
});

test('what was proven is forgotten with the driver, and proven anew when the operator looks again', async () => {
  const failed = { isProven: false, detail: 'reached the host', fix: 'mend it' };
  const { watch, asked } = watchOf([PROVEN, failed]);
  await watch.settled(driver);
  watch.follow(driver, { isUsable: true, fresh: true });
  await watch.settled(driver);
  expect([asked, watch.answer('docker')]).toEqual([[false, true], failed]);
  watch.follow(driver, { isUsable: false, fresh: false });
  expect(watch.answer('docker')).toBeNull();
});
