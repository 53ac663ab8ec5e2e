import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { GuardedDriver } from '../../contract/guarded-driver.ts';
import { SandboxError } from '../../contract/sandbox-error.ts';
import type { EgressNetwork } from '../../host/egress/egress-network.ts';
import { EgressRefusal } from '../../host/egress/egress-refusal.ts';
import { EgressProver } from './egress-prover.ts';

const WHY = { detail: 'Guests’ network cards need a device that is not there.', fix: 'modprobe tun' };
const EPOCH = 'e1';
let runDir: string;
let warnings: number;

beforeEach(() => {
  runDir = mkdtempSync(join(tmpdir(), 'cf-proof-'));
  mkdirSync(join(runDir, EPOCH));
  warnings = 0;
});
afterEach(() => rmSync(runDir, { recursive: true, force: true }));

function proverOn(network: Pick<EgressNetwork, 'inspect'>): EgressProver {
  const quiet = () => undefined;
  const log = { debug: quiet, info: quiet, error: quiet, warn: () => warnings++ };
  return new EgressProver({ network: network as EgressNetwork, instance: 'i', epoch: EPOCH, runDir, allow: [], log });
}

function driverThat(create: GuardedDriver['create']): GuardedDriver {
  return { name: 'qemu', capabilities: { memoryMinMib: 64 }, create } as GuardedDriver;
}

test('where sandboxes of that kind cannot be linked, the answer says why and what mends it, and nothing is left', async () => {
  const prover = proverOn({ inspect: async () => null });
  const tried: string[] = [];
  const refusing = driverThat(async ({ id }) => {
    tried.push(id);
    throw new EgressRefusal(WHY);
  });
  expect(await prover.prove(refusing)).toEqual({ isProven: false, isEvidence: true, ...WHY });
  expect(tried).toHaveLength(1);
  expect(prover.isTrial(tried[0]!)).toBe(false);
  expect(readdirSync(join(runDir, EPOCH))).toEqual([]);
  expect(warnings).toBe(0);
});

test('a host on which nothing can be linked is not tried', async () => {
  const prover = proverOn({ inspect: async () => WHY });
  const untouched = driverThat(() => Promise.reject(new Error('tried')));
  expect(await prover.prove(untouched)).toEqual({ isProven: false, isEvidence: true, ...WHY });
});

test('a trial that fails for another reason proves nothing, and the log has the reason', async () => {
  const prover = proverOn({ inspect: async () => null });
  const failing = driverThat(() => Promise.reject(new SandboxError('sandbox_start_failed', 'no such luck')));
  expect(await prover.prove(failing)).toMatchObject({ isProven: false, isEvidence: false });
  expect(warnings).toBe(1);
});
