import { randomUUID } from 'node:crypto';
import { defaultSettings } from '../../src/catalog/settings/settings-merge.ts';
import { DEFAULT_WORKSPACE } from '../../src/domain/default-workspace.ts';
import type { AttemptRecord, FunctionError, InvocationRecord, LogLine } from '../../src/domain/invocation.ts';
import type { Outcome, RuntimeId, Start, StartReason } from '../../src/domain/names.ts';
import { type Settings, splitSettings } from '../../src/domain/settings.ts';
import { PackageStore } from '../../src/packages/package-store.ts';
import { openControlStore } from '../../src/store/open-control-store.ts';
import { openTelemetryStore } from '../../src/store/open-telemetry-store.ts';
import { exampleAttempt } from '../../src/store/testing/example-record.ts';
import { SEED_CODE, SEED_NAMES, SEED_NODE_ERROR, SEED_PYTHON_CODE, SEED_PYTHON_ERROR } from './seed-words.ts';

const SILENT = { debug() {}, info() {}, warn() {}, error() {} };
const BATCH_ROWS = 500;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

export interface SeedOptions {
  /** Of a server that is not running; it finds all of it at its start. */
  dataDir: string;
  functions: number;
  invocations: number;
  /** How far back the invocations reach, ending now; default 6 hours. */
  spanMs?: number;
  /** Failures gather in the minute that began this long ago; default none. */
  spikeAgoMs?: number;
}

export interface Seeded {
  /** The busiest first; it has about a third of all invocations. */
  names: string[];
  /** Newest last. */
  invocationIds: string[];
}

/**
 * Fills a data directory with functions that can be called and invocations that look lived in, through the stores, in
 * seconds. The same options give the same shape, whenever and wherever it is done.
 */
export async function seedStore(options: SeedOptions): Promise<Seeded> {
  const control = await openControlStore({ dataDir: options.dataDir, log: SILENT });
  const telemetry = await openTelemetryStore({ dataDir: options.dataDir, log: SILENT });
  try {
    const functions = await seedFunctions(options, control);
    const records = seedRecords(options, functions);
    for (let at = 0; at < records.length; at += BATCH_ROWS)
      await telemetry.append({ records: records.slice(at, at + BATCH_ROWS), refusals: [] });
    return { names: functions.map(({ name }) => name), invocationIds: records.map(({ id }) => id) };
  } finally {
    await telemetry.close();
    await control.close();
  }
}

interface SeededFunction {
  id: string;
  name: string;
  runtime: RuntimeId;
  revisionId: string;
  codeSha256: string;
}

async function seedFunctions(
  { dataDir, functions }: SeedOptions,
  control: Awaited<ReturnType<typeof openControlStore>>,
): Promise<SeededFunction[]> {
  const packages = new PackageStore({ dataDir });
  await packages.start();
  const node = await packages.putFiles(DEFAULT_WORKSPACE, { 'index.js': SEED_CODE });
  const python = await packages.putFiles(DEFAULT_WORKSPACE, { 'index.py': SEED_PYTHON_CODE });
  const bornMs = Date.now() - 30 * DAY_MS;
  const seeded: SeededFunction[] = [];
  const inserts: Promise<void>[] = [];
  for (let index = 0; index < functions; index++) {
    const isPython = index % 3 === 2;
    const name = nameOf(index);
    const at = new Date(bornMs + index * 60_000).toISOString();
    const id = idAt(bornMs + index * 60_000, index);
    const revisionId = idAt(bornMs + index * 60_000, index + 1_000_000);
    const runtime = isPython ? 'python3.11' : 'nodejs24';
    const codeSha256 = (isPython ? python : node).sha256;
    const { ofRevision, ofFunction: settings } = splitSettings(settingsOf(runtime, index));
    const revision = {
      ...{
        id: revisionId,
        functionId: id,
        workspaceId: DEFAULT_WORKSPACE,
        number: 1,
        codeSha256,
        settings: ofRevision,
      },
      ...{ env: {}, isolation: 'process' as const, createdAt: at },
    };
    const urlId = randomUUID().replaceAll('-', '').slice(0, 16);
    inserts.push(
      control.in(DEFAULT_WORKSPACE).functions.insert({
        id,
        name,
        urlId,
        state: 'active',
        at,
        settings,
        revision,
        secrets: [],
        routeKeys: [],
      }),
    );
    seeded.push({ id, name, runtime, revisionId, codeSha256 });
  }
  await Promise.all(inserts);
  return seeded;
}

function nameOf(index: number): string {
  const name = SEED_NAMES[index % SEED_NAMES.length]!;
  const round = Math.floor(index / SEED_NAMES.length);
  return round === 0 ? name : `${name}-${round + 1}`;
}

function settingsOf(runtime: RuntimeId, index: number): Settings {
  const tags: Record<string, string> = index % 5 === 0 ? { team: 'shop' } : {};
  return { ...defaultSettings(runtime), isolation: 'process', capture: 'all', tags };
}

/** Evenly over the span but denser towards its end; a third of the calls go to the first function, as in life. */
function seedRecords(options: SeedOptions, functions: SeededFunction[]): InvocationRecord[] {
  const { invocations, spanMs = 6 * HOUR_MS, spikeAgoMs } = options;
  const random = randomFrom(20_261_125);
  const nowMs = Date.now();
  const spikeMs = spikeAgoMs === undefined ? null : Math.floor((nowMs - spikeAgoMs) / 60_000) * 60_000;
  const startsMs = Array.from({ length: invocations }, () => nowMs - 1_000 - spanMs * random() ** 1.3);
  if (spikeMs !== null)
    for (let index = 0; index < Math.min(200, invocations / 10); index++) startsMs[index] = spikeMs + random() * 59_000;
  startsMs.sort((a, b) => a - b);
  return startsMs.map((startMs, index) => {
    const place = random() < 0.35 ? 0 : Math.floor(functions.length * random() ** 2);
    const isSpike = spikeMs !== null && startMs >= spikeMs && startMs < spikeMs + 60_000;
    return recordOf(functions[isSpike ? 0 : place]!, Math.floor(startMs), index, isSpike, random);
  });
}

function recordOf(
  fn: SeededFunction,
  startMs: number,
  index: number,
  isSpike: boolean,
  random: () => number,
): InvocationRecord {
  const outcome = outcomeOf(isSpike ? 0.7 : 0.02, random);
  const start: Start = random() < 0.9 ? 'warm' : random() < 0.7 ? 'claimed' : 'cold';
  const startedAt = new Date(startMs).toISOString();
  const attempt = attemptOf(fn, outcome, start, startedAt, random);
  const { totalMs } = attempt.phases;
  const event = JSON.stringify({ order: { id: 10_000 + index, items: 1 + (index % 4), currency: 'EUR' } });
  const result = outcome === 'ok' ? JSON.stringify({ accepted: true, total: 12.5 * (1 + (index % 4)) }) : null;
  return {
    ...{ id: idAt(startMs, index), workspaceId: DEFAULT_WORKSPACE, functionId: fn.id, functionName: fn.name },
    ...{ mode: 'sync', trigger: index % 4 === 0 ? 'http' : 'api', state: 'finished', outcome },
    ...{ isolation: 'process', start, startedAt, finishedAt: new Date(startMs + totalMs).toISOString() },
    ...{ durationMs: totalMs, eventBytes: event.length, resultBytes: result?.length ?? null, event, result },
    attempts: [attempt],
  };
}

function attemptOf(
  fn: SeededFunction,
  outcome: Outcome,
  start: Start,
  startedAt: string,
  random: () => number,
): AttemptRecord {
  const round = (ms: number): number => Math.round(ms * 100) / 100;
  const queueMs = round(random() < 0.1 ? random() * 20 : random() * 0.2);
  const claimMs = start === 'warm' ? null : round(start === 'cold' ? 120 + random() * 100 : 0.3 + random());
  const loadMs = start === 'warm' ? null : round(4 + random() * 6);
  const importMs = start === 'warm' ? null : round(2 + random() * 9);
  const ranMs = round(8 + 60 * random() ** 4 + (random() < 0.02 ? 400 * random() : 0));
  const handlerMs = outcome === 'timeout' ? null : ranMs;
  const spentMs = queueMs + (claimMs ?? 0) + (loadMs ?? 0) + (importMs ?? 0);
  const totalMs = round(outcome === 'timeout' ? spentMs + 3_000 : spentMs + ranMs + 0.3);
  const reasons: StartReason[] = start === 'cold' ? ['pool_empty', 'first_call'] : ['idle_expired', 'scaled_out'];
  return {
    ...exampleAttempt(),
    ...{ number: 1, revisionId: fn.revisionId, runtime: fn.runtime, sandboxId: 'a1b2c3d4e5f60718', startedAt, outcome },
    code: outcome === 'ok' ? null : outcome === 'timeout' ? 'function_timeout' : 'function_error',
    ...{ start, startReason: start === 'warm' ? null : reasons[random() < 0.5 ? 0 : 1]! },
    phases: { queueMs, claimMs, loadMs, importMs, handlerMs, totalMs },
    usage: {
      ...{ cpuMs: round(ranMs * (0.3 + random() * 0.5)), maxMemoryMib: round(28 + random() * 22) },
      ...{ peakScope: 'attempt', source: 'cgroup2', shared: false },
    },
    receipt: {
      ...{ isolation: 'process', driver: 'process', fence: 'none', imageDigest: null, codeSha256: fn.codeSha256 },
      dependencySetSha256: null,
      enforced: { memory: true, cpu: true, pids: true, disk: false, network: false },
    },
    error: outcome === 'error' ? errorOf(fn.runtime, random) : null,
    ...{ logs: logsOf(startedAt, outcome, random), logsTruncated: false, clientGone: false, pausedMs: 0 },
  };
}

function outcomeOf(failureShare: number, random: () => number): Outcome {
  if (random() >= failureShare) return 'ok';
  return random() < 0.9 ? 'error' : 'timeout';
}

function errorOf(runtime: RuntimeId, random: () => number): FunctionError {
  return runtime === 'python3.11' ? SEED_PYTHON_ERROR : SEED_NODE_ERROR[random() < 0.75 ? 0 : 1]!;
}

function logsOf(startedAt: string, outcome: Outcome, random: () => number): LogLine[] {
  const at = (ms: number): string => new Date(Date.parse(startedAt) + ms).toISOString();
  const lines: LogLine[] = [{ at: at(2), stream: 'stdout', text: 'INFO order received' }];
  if (random() < 0.2) lines.push({ at: at(4), stream: 'stdout', text: 'WARN the warehouse answers slowly' });
  if (outcome === 'ok') lines.push({ at: at(7), stream: 'stdout', text: 'INFO order priced' });
  else lines.push({ at: at(7), stream: 'stderr', text: 'ERROR no price for the order' });
  return lines;
}

/** A UUIDv7 of that time; `number` tells those of one millisecond apart, in order. */
function idAt(ms: number, number: number): string {
  const time = Math.floor(ms).toString(16).padStart(12, '0');
  const tail = number.toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7000-8000-${tail}`;
}

/** A small generator with a seed (mulberry32): shapes that are the same at every run. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
