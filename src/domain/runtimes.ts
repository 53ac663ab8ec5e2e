/**
 * The one table of runtimes. Whoever needs to know something of a runtime or its language reads it here: nobody looks into the name
 * of one. A new version of a language is one row of RUNTIME_TABLE (docs/decisions/0038); a new language is a row of LANGUAGE_TABLE
 * too, a shim in runtimes/, and what the compiler then asks for.
 */

export interface LanguageRow {
  /** As people call it. */
  title: string;
  /** Endings of source files; the first is the usual one. */
  endings: readonly string[];
  /** The program that runs the shim, found by PATH in containers, and its path in guests, which have no PATH to look in. */
  program: string;
  guestProgram: string;
  /** The shim's first file, below the folder of the shims. */
  bootstrap: string;
  /** Variables that work only when the process boots: it reads them before or while the first module loads. */
  bootNames: readonly string[];
  bootPattern: RegExp | null;
  /** Where the failure is in a stack trace: in its first line or its last. */
  failureLine: 'first' | 'last';
  /** Whether one sandbox can take several calls at once. */
  isConcurrent: boolean;
  /** How the handler setting writes a folder. */
  folderSeparator: '/' | '.';
  /** A module that fails with that message as soon as it is loaded. */
  failingModule(message: string): string;
}

const NODEJS: LanguageRow = {
  title: 'JavaScript',
  endings: ['.js', '.mjs', '.cjs'],
  program: 'node',
  guestProgram: '/usr/local/bin/node',
  bootstrap: 'node/bootstrap.mjs',
  bootNames: [
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
  ],
  bootPattern: null,
  failureLine: 'first',
  isConcurrent: true,
  folderSeparator: '/',
  failingModule: (message) => `throw new Error(${JSON.stringify(message)});\n`,
};

const PYTHON: LanguageRow = {
  title: 'Python',
  endings: ['.py'],
  program: 'python3',
  guestProgram: '/usr/bin/python3',
  bootstrap: 'python/bootstrap.py',
  // Python reads its locale and time zone once; Node follows a later change of TZ.
  bootNames: ['LANG', 'LANGUAGE', 'TZ', 'TZDIR', 'PYTHON_CPU_COUNT', 'PYTHON_GIL', 'PYTHON_JIT'],
  // PYTHONHASHSEED and its kin; names like PYTHON_ENV are the author's own.
  bootPattern: /^(PYTHON[A-Z0-9]|LC_)/,
  failureLine: 'last',
  isConcurrent: false,
  folderSeparator: '.',
  failingModule: (message) => `raise RuntimeError(${JSON.stringify(message)})\n`,
};

export const LANGUAGE_TABLE = { nodejs: NODEJS, python: PYTHON } as const;
export type Language = keyof typeof LANGUAGE_TABLE;
/** The languages; a bare language name at create resolves to the newest runtime of it that the host offers. */
export const LANGUAGES = Object.keys(LANGUAGE_TABLE) as readonly Language[];

export interface RuntimeRow {
  language: Language;
  /** As its own `--version` begins. */
  version: string;
  /** Names under which hosts install it, best first; the version is asked of the program, not of its name. */
  hostPrograms: readonly string[];
  /** Debian suites whose packages have it: images and guests can be made with it from those. */
  debianSuites: readonly string[];
  /** What native code of a package must be built for: the ABI of its extensions, and the newest glibc it may need. */
  target: { abi: string; glibc: string };
}

/** Of Debian 12: the base of images and guests, and the oldest host Coldframe is for. */
const GLIBC = '2.36';

/** Oldest first within a language. */
export const RUNTIME_TABLE = {
  nodejs24: {
    language: 'nodejs',
    version: '24',
    // The server's own Node is staged for sandboxes: no other is looked for.
    hostPrograms: [],
    debianSuites: [],
    target: { abi: 'node137', glibc: GLIBC },
  },
  'python3.11': {
    language: 'python',
    version: '3.11',
    hostPrograms: ['python3.11', 'python3'],
    debianSuites: ['bookworm'],
    target: { abi: 'cp311', glibc: GLIBC },
  },
  'python3.12': {
    language: 'python',
    version: '3.12',
    hostPrograms: ['python3.12', 'python3'],
    debianSuites: [],
    target: { abi: 'cp312', glibc: GLIBC },
  },
  'python3.13': {
    language: 'python',
    version: '3.13',
    hostPrograms: ['python3.13', 'python3'],
    debianSuites: ['trixie'],
    target: { abi: 'cp313', glibc: GLIBC },
  },
} as const satisfies Record<string, RuntimeRow>;

/** A language and its version. */
export type RuntimeId = keyof typeof RUNTIME_TABLE;
export const RUNTIMES = Object.keys(RUNTIME_TABLE) as readonly RuntimeId[];

/** The runtime of the server itself, which every host that runs one has: what probes and proofs boot. */
export const OWN_RUNTIME: RuntimeId = 'nodejs24';

export function runtimeRow(runtime: RuntimeId): RuntimeRow {
  return RUNTIME_TABLE[runtime];
}

export function languageOf(runtime: RuntimeId): Language {
  return RUNTIME_TABLE[runtime].language;
}

export function languageRow(runtime: RuntimeId): LanguageRow {
  return LANGUAGE_TABLE[languageOf(runtime)];
}

/** Also of a bare language, and of names this version does not know (a newer server may): null then. */
export function languageNamed(name: string): Language | null {
  const runtime = RUNTIMES.find((one) => one === name);
  return runtime === undefined ? (LANGUAGES.find((one) => one === name) ?? null) : languageOf(runtime);
}

/** The language of a source file by its ending; null for any other file. */
export function languageOfFile(path: string): Language | null {
  return LANGUAGES.find((one) => LANGUAGE_TABLE[one].endings.some((ending) => path.endsWith(ending))) ?? null;
}

/** The runtime of a language whose version that is: `24.21.0` is one of `24`, `3.11.2` one of `3.11`. */
export function runtimeOfVersion(language: Language, version: string): RuntimeId | null {
  return (
    RUNTIMES.find((one) => languageOf(one) === language && `${version}.`.startsWith(`${runtimeRow(one).version}.`)) ??
    null
  );
}
