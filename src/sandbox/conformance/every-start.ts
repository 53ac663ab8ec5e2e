import type { CodeRef } from '../../contract/driver.ts';
import type { LoadResult, LoadSettings, Sandbox } from '../../contract/sandbox.ts';
import type { Language } from '../../domain/runtimes.ts';
import { type Bench, created } from './conformance-case.ts';
import { NEVER, settingsOf } from './sandbox-rig.ts';

/** After so long without a load a shim has imported what most functions will: far above the shims' own 20 ms. */
const SPARE_MS = 250;

/** A variable that makes a sandbox boot with the function's environment and changes nothing. */
const BOOT_PROFILES: Record<Language, Record<string, string>> = {
  nodejs: { NODE_NO_WARNINGS: '0' },
  python: { PYTHONHASHSEED: '0' },
};

/**
 * Runs a check in a sandbox of every kind of start: claimed after it has waited, cold at once, and cold with a boot profile; twice
 * in each, so that the second run is warm. The sandboxes are destroyed.
 */
export async function underEveryStart(
  bench: Bench,
  fixture: string | CodeRef,
  settings: Partial<LoadSettings>,
  check: (sandbox: Sandbox, start: string, load: LoadResult) => Promise<void>,
): Promise<void> {
  const code = typeof fixture === 'string' ? bench.code(fixture) : fixture;
  for (const start of ['claimed', 'cold', 'boot profile'] as const) {
    const env = { ...(start === 'boot profile' ? BOOT_PROFILES[bench.language] : {}), ...settings.env };
    const sandbox = await created(bench, { bootEnv: start === 'boot profile' ? env : {} });
    // Elapsed time is what makes the difference here.
    if (start === 'claimed') await new Promise((resolve) => setTimeout(resolve, SPARE_MS));
    const load = await sandbox.load(code, settingsOf({ ...settings, env }), NEVER);
    if (load.kind !== 'loaded') throw new Error(`${start}: did not load: ${JSON.stringify(load)}`);
    await check(sandbox, start, load);
    await check(sandbox, `${start}, warm`, load);
    await sandbox.destroy('checked');
  }
}
