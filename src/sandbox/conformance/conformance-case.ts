import type { CodeRef, ProbeResult, SandboxSpec } from '../../contract/driver.ts';
import type { GuardedDriver } from '../../contract/guarded-driver.ts';
import type { LoadResult, LoadSettings, Sandbox } from '../../contract/sandbox.ts';
import type { EnforcedLimits } from '../../domain/invocation.ts';
import type { Language } from '../../domain/runtimes.ts';
import { NEVER, settingsOf, specOf } from './sandbox-rig.ts';

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
  /** Skipped with a reason where the probe says the limit is not enforced. */
  enforced?: readonly (keyof EnforcedLimits)[];
  run(bench: Bench): Promise<void>;
}

/** What a case works with. */
export interface Bench {
  guard: GuardedDriver;
  probe: ProbeResult;
  language: Language;
  spec(overrides?: Partial<SandboxSpec>): Partial<SandboxSpec>;
  /** A folder of fixtures/functions. */
  code(fixture: string): CodeRef;
  /** A package of these files and links (path to target), written for this case. */
  source(files: Record<string, string>, links?: Record<string, string>): CodeRef;
  /** Remembers a sandbox whose traces are looked for after the case. */
  onSandbox(id: string): void;
  traces(id: string): Promise<string[]>;
}

export const BOTH: readonly Language[] = ['nodejs', 'python'];
export const NODE: readonly Language[] = ['nodejs'];
export const PYTHON: readonly Language[] = ['python'];

export async function created(bench: Bench, overrides: Partial<SandboxSpec> = {}): Promise<Sandbox> {
  const sandbox = await bench.guard.create(specOf(bench.spec(overrides)), NEVER);
  bench.onSandbox(sandbox.id);
  return sandbox;
}

/** Creates a sandbox and loads code into it, whatever comes of the load. */
export async function loadedWith(
  bench: Bench,
  code: CodeRef,
  overrides: { spec?: Partial<SandboxSpec>; settings?: Partial<LoadSettings> } = {},
): Promise<{ sandbox: Sandbox; load: LoadResult }> {
  const sandbox = await created(bench, overrides.spec);
  const load = await sandbox.load(code, settingsOf(overrides.settings), NEVER);
  return { sandbox, load };
}

/** The same for a fixture that must load. */
export async function running(
  bench: Bench,
  fixture: string | CodeRef,
  settings: Partial<LoadSettings> = {},
  spec: Partial<SandboxSpec> = {},
): Promise<Sandbox> {
  const code = typeof fixture === 'string' ? bench.code(fixture) : fixture;
  const { sandbox, load } = await loadedWith(bench, code, { settings, spec });
  if (load.kind !== 'loaded') throw new Error(`${String(fixture)} did not load: ${JSON.stringify(load)}`);
  return sandbox;
}
