import { randomBytes } from 'node:crypto';
import type { CodeRef, SandboxSpec } from '../../contract/driver.ts';
import type { GuardedDriver } from '../../contract/guarded-driver.ts';
import { bootProfile } from '../../domain/boot-profile.ts';
import { LIMITS } from '../../domain/limits.ts';
import type { Isolation, Network, RuntimeId } from '../../domain/names.ts';
import type { RunnableRevision } from '../../domain/runnable-revision.ts';

/**
 * What a sandbox is before it has a function: everything fixed when it is made. Two functions of equal class can use each
 * other's ready sandboxes. Limits are part of it because a generic sandbox gets them at create, exactly as asked.
 */
export interface SandboxClass {
  key: string;
  driver: GuardedDriver;
  isolation: Isolation;
  runtime: RuntimeId;
  memoryMib: number;
  cpus: number;
  diskMib: number;
  network: Network;
  /** Variables that only work at boot; a class with any belongs to one revision and is never kept ready. */
  bootEnv: Record<string, string>;
  isGeneric: boolean;
  /** The package of the one revision it belongs to: its environment may name files of it. Null for a generic class. */
  code: CodeRef | null;
  /** Milliseconds that revision may take to load; null for a generic class. */
  initTimeoutMs: number | null;
  /** What one may take of the host's memory at most: its own limit and what its isolation adds. */
  limitMib: number;
}

/** The class of the settings most functions have: kept ready from the start for every runtime. */
export const DEFAULT_CLASS = { memoryMib: 128, cpus: 1, diskMib: 512, network: 'none' } as const;

type ClassFields = Pick<SandboxClass, 'runtime' | 'memoryMib' | 'cpus' | 'diskMib' | 'network'>;

export function classOfRevision(target: RunnableRevision, driver: GuardedDriver): SandboxClass {
  const bootEnv = bootProfile(target.settings.runtime, target.env);
  const isGeneric = Object.keys(bootEnv).length === 0;
  return buildClass(target.settings, driver, bootEnv, isGeneric ? null : target);
}

export function defaultClass(runtime: RuntimeId, driver: GuardedDriver): SandboxClass {
  return buildClass({ runtime, ...DEFAULT_CLASS }, driver, {}, null);
}

/** A new sandbox of the class, with an id of its own. */
export function sandboxSpec(sandboxClass: SandboxClass, labels: SandboxSpec['labels']): SandboxSpec {
  const { runtime, memoryMib, cpus, diskMib, network, bootEnv, code, initTimeoutMs } = sandboxClass;
  return {
    // Short, because it is part of a socket path of at most 108 bytes.
    id: randomBytes(8).toString('hex'),
    runtime,
    memoryMib,
    cpus,
    diskMib,
    network,
    bootEnv,
    pidsMax: LIMITS.pidsMax,
    labels,
    from: { kind: 'image' },
    ...(code === null ? {} : { code }),
    ...(initTimeoutMs === null ? {} : { initTimeoutMs }),
  };
}

function buildClass(
  fields: ClassFields,
  driver: GuardedDriver,
  bootEnv: Record<string, string>,
  owner: RunnableRevision | null,
): SandboxClass {
  const { runtime, cpus, diskMib, network } = fields;
  const memoryMib = Math.max(fields.memoryMib, driver.capabilities.memoryMinMib);
  const parts = [driver.name, driver.isolation, runtime, memoryMib, cpus, diskMib, network];
  parts.push(owner === null ? 'generic' : `${owner.functionId}/${owner.key}`);
  return {
    key: parts.join('/'),
    driver,
    isolation: driver.isolation,
    runtime,
    memoryMib,
    cpus,
    diskMib,
    network,
    bootEnv,
    isGeneric: owner === null,
    code: owner?.package ?? null,
    initTimeoutMs: owner?.settings.initTimeoutMs ?? null,
    limitMib: memoryMib + driver.capabilities.memoryOverheadMib,
  };
}

/** A bound sandbox is kept this many times as long as its start takes: cheap starts need no memory held for them. */
const KEEP_ALIVE_PER_START = 6_000;
const KEEP_ALIVE_MIN_MS = 60_000;
const KEEP_ALIVE_MAX_MS = 3_600_000;

/** 10 ms starts are kept 1 minute, 100 ms 10 minutes, 600 ms and more 1 hour; the idle budget may end it sooner. */
export function keepAliveMs(typicalStartMs: number): number {
  return Math.min(KEEP_ALIVE_MAX_MS, Math.max(KEEP_ALIVE_MIN_MS, typicalStartMs * KEEP_ALIVE_PER_START));
}
