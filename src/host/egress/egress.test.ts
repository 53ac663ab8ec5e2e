import { expect, test } from 'vitest';
import type { GuardedDriver } from '../../contract/guarded-driver.ts';
import { Egress } from './egress.ts';
import type { EgressNetwork } from './egress-network.ts';
import type { EgressProof } from './egress-proof.ts';

const PROVEN: EgressProof = { isProven: true, isEvidence: true, detail: 'held', fix: null };
const REACHED: EgressProof = { isProven: false, isEvidence: true, detail: 'reached the host', fix: null };
const BUSY: EgressProof = { isProven: false, isEvidence: false, detail: 'could not be tried', fix: null };
const driver = { name: 'docker' } as GuardedDriver;

function egressThatAnswers(...proofs: EgressProof[]) {
  const clock = { nowMs: 0 };
  const prover = { isTrial: () => false, prove: async () => proofs.shift() ?? PROVEN };
  const egress = new Egress({ network: {} as EgressNetwork, prover, now: () => clock.nowMs });
  egress.offer(driver);
  const isAdmitted = () =>
    egress.admit(driver.name, 'a sandbox').then(
      () => true,
      () => false,
    );
  return { egress, clock, isAdmitted };
}

test('a proof that could not be tried takes nothing from what was proven', async () => {
  const { egress, isAdmitted } = egressThatAnswers(PROVEN, BUSY, REACHED);
  expect(await isAdmitted()).toBe(true);
  expect(await egress.prove(driver, { fresh: true })).toEqual(PROVEN);
  expect(await isAdmitted()).toBe(true);
  await egress.prove(driver, { fresh: true });
  expect(await isAdmitted()).toBe(false);
});

test('a first proof that could not be tried is tried again when a sandbox is wanted a while later', async () => {
  const { clock, isAdmitted } = egressThatAnswers(BUSY, PROVEN);
  expect(await isAdmitted()).toBe(false);
  clock.nowMs += 9_000;
  expect(await isAdmitted()).toBe(false);
  clock.nowMs += 2_000;
  expect(await isAdmitted()).toBe(true);
});

test('what was seen to reach too much is not tried again by itself', async () => {
  const { clock, isAdmitted } = egressThatAnswers(REACHED, PROVEN);
  expect(await isAdmitted()).toBe(false);
  clock.nowMs += 3_600_000;
  expect(await isAdmitted()).toBe(false);
});
