import type { CodeRef, ProbeResult, SandboxSpec } from '../../contract/driver.ts';
import type { GuardedDriver } from '../../contract/guarded-driver.ts';
import type { LoadResult, LoadSettings, Sandbox } from '../../contract/sandbox.ts';
import type { EnforcedLimits } from '../../domain/invocation.ts';
import type { Language } from '../../domain/runtimes.ts';
import { call, NEVER, settingsOf, specOf } from './sandbox-rig.ts';
import { BOOT_PROFILES, type StartKind } from './start-kinds.ts';

const WARM_UP_TIMEOUT_MS = 20_000;

/** One promise of the contract, as every driver keeps it. */
export interface ConformanceCase {
  /** Short and stable: what `skips` names. */
  name: string;
  /** A sentence. */
  guarantee: string;
  languages: readonly Language[];
  /**
   * Skipped with a reason where the driver lacks it here. `own-processes`: what it kills, or leaves running, is its own and
   * never that of whoever runs the suite. `own-files`: the same of what it reads and writes.
   */
  needs?: readonly ('pause' | 'own-processes' | 'own-files')[];
  /** The case runs once for each kind of start. Default: as `cold`, once. */
  starts?: readonly StartKind[];
  /** A boot of its own may change what this case is about: it runs under every driver by every start. Default false. */
  startsMatter?: boolean;
  /** What a `warm` sandbox has answered before; by default `{}`. Whatever came of it, the sandbox must live on. */
  warmUpEvent?: unknown;
  /** Skipped with a reason where the probe says the limit is not enforced. */
  enforced?: readonly (keyof EnforcedLimits)[];
  run(bench: Bench): Promise<void>;
}

/** What a case works with. */
export interface Bench {
  guard: GuardedDriver;
  probe: ProbeResult;
  language: Language;
  start: StartKind;
  /** Answered by a sandbox before it is handed out as `warm`. */
  warmUpEvent: unknown;
  spec(overrides?: Partial<SandboxSpec>): Partial<SandboxSpec>;
  /** A folder of fixtures/functions. */
  code(fixture: string): CodeRef;
  /** A package of these files and links (path to target), written for this case. */
  source(files: Record<string, string | Uint8Array>, links?: Record<string, string>): CodeRef;
  /** Remembers a sandbox whose traces are looked for after the case. */
  onSandbox(id: string): void;
  traces(id: string): Promise<string[]>;
  /** Waits until that sandbox, not yet loaded, has nothing left to do by itself. */
  untilIdle(id: string): Promise<void>;
}

export const BOTH: readonly Language[] = ['nodejs', 'python'];
export const NODE: readonly Language[] = ['nodejs'];
export const PYTHON: readonly Language[] = ['python'];

/** What was printed. */
export function texts(lines: readonly { text: string }[]): string[] {
  return lines.map((line) => line.text);
}

export async function created(bench: Bench, overrides: Partial<SandboxSpec> = {}): Promise<Sandbox> {
  const sandbox = await bench.guard.create(specOf(bench.spec(overrides)), NEVER);
  bench.onSandbox(sandbox.id);
  if (bench.start === 'claimed' && sandbox.spec.code === undefined) await bench.untilIdle(sandbox.id);
  return sandbox;
}

/** Creates a sandbox and loads code into it, by the start of the case, whatever comes of the load. `bootEnv` makes it a boot profile. */
export async function loadedWith(
  bench: Bench,
  code: CodeRef,
  overrides: { spec?: Partial<SandboxSpec>; settings?: Partial<LoadSettings> } = {},
): Promise<{ sandbox: Sandbox; load: LoadResult }> {
  const profile = bench.start === 'boot profile' ? BOOT_PROFILES[bench.language] : {};
  const bootEnv = { ...profile, ...overrides.spec?.bootEnv };
  const settings = settingsOf({ ...overrides.settings, env: { ...bootEnv, ...overrides.settings?.env } });
  const own = Object.keys(bootEnv).length === 0 ? {} : { bootEnv, code, initTimeoutMs: settings.initTimeoutMs };
  const sandbox = await created(bench, { ...overrides.spec, ...own });
  const load = await sandbox.load(code, settings, NEVER);
  return { sandbox, load };
}

/** The same for a fixture that must load. */
export async function running(
  bench: Bench,
  fixture: string | CodeRef,
  settings: Partial<LoadSettings> = {},
  spec: Partial<SandboxSpec> = {},
): Promise<Sandbox> {
  return (await loadedFully(bench, fixture, settings, spec)).sandbox;
}

/** The same with what its load told. */
export async function loadedFully(
  bench: Bench,
  fixture: string | CodeRef,
  settings: Partial<LoadSettings> = {},
  spec: Partial<SandboxSpec> = {},
): Promise<{ sandbox: Sandbox; load: LoadResult & { kind: 'loaded' } }> {
  const code = typeof fixture === 'string' ? bench.code(fixture) : fixture;
  const { sandbox, load } = await loadedWith(bench, code, { settings, spec });
  if (load.kind !== 'loaded') throw new Error(`${String(fixture)} did not load: ${JSON.stringify(load)}`);
  if (bench.start === 'warm') await call(sandbox, bench.warmUpEvent, { timeoutMs: WARM_UP_TIMEOUT_MS });
  return { sandbox, load };
}
