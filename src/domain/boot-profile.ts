import { languageRow, RUNTIMES, type RuntimeId } from './runtimes.ts';

/** Read by the dynamic linker, the C library or a numeric library before or while the first module loads. */
const BOOT_PREFIXES = ['LD_', 'MALLOC_', 'GLIBC_', 'OMP_', 'GOMP_', 'KMP_', 'OPENBLAS_', 'MKL_'];

/**
 * The variables of a function that only work when its process boots. A function that sets one never uses a generic
 * sandbox (there they would come too late and silently do nothing): its sandboxes boot with them, and its starts say
 * `boot_profile`. Empty for nearly every function.
 */
export function bootProfile(runtime: RuntimeId, env: Readonly<Record<string, string>>): Record<string, string> {
  const profile: Record<string, string> = {};
  const { bootNames, bootPattern } = languageRow(runtime);
  const isBootName = (name: string) => bootNames.includes(name) || (bootPattern?.test(name) ?? false);
  for (const [name, value] of Object.entries(env)) {
    if (isBootName(name) || BOOT_PREFIXES.some((prefix) => name.startsWith(prefix))) profile[name] = value;
  }
  return profile;
}

/** The same where the runtime is not known: those that any of them reads at boot. */
export function anyBootProfile(env: Readonly<Record<string, string>>): Record<string, string> {
  return Object.assign({}, ...RUNTIMES.map((runtime) => bootProfile(runtime, env)));
}
