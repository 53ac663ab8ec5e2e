import type { RuntimeId } from '../../domain/names.ts';

/** Read by the dynamic linker, the C library or a numeric library before or while the first module loads. */
const BOOT_PREFIXES = ['LD_', 'MALLOC_', 'GLIBC_', 'OMP_', 'GOMP_', 'KMP_', 'OPENBLAS_', 'MKL_'];

const NODE_NAMES = new Set([
  'NODE_OPTIONS',
  'NODE_EXTRA_CA_CERTS',
  'NODE_PATH',
  'NODE_ICU_DATA',
  'NODE_COMPILE_CACHE',
  'NODE_V8_COVERAGE',
  'NODE_NO_WARNINGS',
  'NODE_PENDING_DEPRECATION',
  'NODE_REDIRECT_WARNINGS',
  'NODE_PRESERVE_SYMLINKS',
  'NODE_USE_ENV_PROXY',
  'NODE_USE_SYSTEM_CA',
  'OPENSSL_CONF',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'UV_THREADPOOL_SIZE',
  'UV_USE_IO_URING',
]);

/** Python reads its locale and time zone once; Node follows a later change of TZ. */
const PYTHON_NAMES = new Set(['LANG', 'LANGUAGE', 'TZ', 'TZDIR', 'PYTHON_CPU_COUNT', 'PYTHON_GIL', 'PYTHON_JIT']);
/** PYTHONHASHSEED and its kin; names like PYTHON_ENV are the author's own. */
const PYTHON_PATTERN = /^(PYTHON[A-Z0-9]|LC_)/;

/**
 * The variables of a function that only work when its process boots. A function that sets one never uses a generic
 * sandbox (there they would come too late and silently do nothing): its sandboxes boot with them, and its starts say
 * `boot_profile`. Empty for nearly every function.
 */
export function bootProfile(runtime: RuntimeId, env: Readonly<Record<string, string>>): Record<string, string> {
  const profile: Record<string, string> = {};
  const isBootName = runtime.startsWith('nodejs')
    ? (name: string) => NODE_NAMES.has(name)
    : (name: string) => PYTHON_NAMES.has(name) || PYTHON_PATTERN.test(name);
  for (const [name, value] of Object.entries(env)) {
    if (isBootName(name) || BOOT_PREFIXES.some((prefix) => name.startsWith(prefix))) profile[name] = value;
  }
  return profile;
}
