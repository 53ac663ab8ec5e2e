import { isAbsolute } from 'node:path';
import { type EgressAllow, parseEgressAllow } from '../domain/egress-allow.ts';
import { AUTO_ISOLATIONS, type Isolation } from '../domain/names.ts';
import { ColdframeError } from '../errors/coldframe-error.ts';

/** The server's settings: parsed once from flags and environment, then frozen. Flags win over the environment. */
export interface Config {
  host: string;
  port: number;
  /** False for the default port. A default port in use moves to the next free one; an explicit one fails. */
  portIsExplicit: boolean;
  /** Null means console port + 1. */
  functionPort: number | null;
  publicUrl: URL | null;
  /** Origin of function URLs behind a domain, e.g. https://fn.example.org. */
  functionOrigin: string | null;
  /** Lower case, without a dot at either end; every name below it reaches the function listener. */
  functionDomain: string | null;
  /** Null means: the first usable of the platform's places (see data-dir.ts). */
  dataDir: string | null;
  adminKey: string | null;
  /** 32 bytes, base64 or hex; null means the file in the data directory. */
  masterKey: string | null;
  /** Order for `auto`, strongest first. */
  isolationOrder: readonly Isolation[];
  /** Whether a function may move to a weaker isolation when its own cannot be used. */
  fallback: 'none' | 'weaker';
  /** Whether new functions may have an isolation whose program has a known weakness that holds here. */
  knownWeak: 'refuse' | 'allow';
  /** Idle-memory budget of the pool; null means 25% of the available memory. */
  poolMemoryMib: number | null;
  /** Generic sandboxes kept ready per runtime of the preferred isolation; null lets the pool decide from demand. */
  poolReady: number | null;
  /** Exceptions to what egress refuses. */
  egressAllow: readonly EgressAllow[];
  logLevel: ServerLogLevel;
  /** Docker's socket. */
  dockerSocket: string;
  /** Base image to pull for runtime images, when a registry answers. */
  baseImage: string;
  /** Paths of Firecracker and of its jailer. When null, they are looked for on the PATH. */
  firecracker: string | null;
  jailer: string | null;
  /** How many times slower than hardware virtualization its guests run here. */
  firecrackerSlowness: number;
}

const SERVER_LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const;
export type ServerLogLevel = (typeof SERVER_LOG_LEVELS)[number];

export const DEFAULT_PORT = 8642;
const DEFAULT_ORDER: readonly Isolation[] = ['firecracker', 'gvisor', 'docker', 'bubblewrap', 'process'];
const ADMIN_KEY_MIN_CHARS = 16;
/** Enough for a guest that is emulated twice over. */
const SLOWNESS_MAX = 100;

/** Every setting: its variable, its flag (of `coldframe up`) and what it means. docs/operations.md is checked against it. */
export const SETTINGS = [
  { variable: 'COLDFRAME_HOST', flag: 'host', takes: 'address', meaning: 'Address to listen on; default 127.0.0.1.' },
  { variable: 'COLDFRAME_PORT', flag: 'port', takes: 'port', meaning: 'Port of console and API; default 8642.' },
  {
    variable: 'COLDFRAME_FUNCTION_PORT',
    flag: 'function-port',
    takes: 'port',
    meaning: 'Port of function URLs; default console port + 1.',
  },
  {
    variable: 'COLDFRAME_PUBLIC_URL',
    flag: 'public-url',
    takes: 'url',
    meaning: 'Address under which browsers reach the console.',
  },
  {
    variable: 'COLDFRAME_FUNCTION_ORIGIN',
    flag: 'function-origin',
    takes: 'origin',
    meaning: 'Origin under which function URLs are reached; never the console’s.',
  },
  {
    variable: 'COLDFRAME_FUNCTION_DOMAIN',
    flag: 'function-domain',
    takes: 'domain',
    meaning: 'Domain whose every subdomain reaches the function port, so that each function has an origin of its own.',
  },
  {
    variable: 'COLDFRAME_DATA_DIR',
    flag: 'data-dir',
    takes: 'folder',
    meaning: 'Where state lives; created with mode 0700.',
  },
  {
    variable: 'COLDFRAME_ADMIN_KEY',
    flag: 'admin-key',
    takes: 'key',
    meaning: 'Admin key, at least 16 characters; default: made and kept in admin.key.',
  },
  {
    variable: 'COLDFRAME_MASTER_KEY',
    flag: null,
    takes: 'key',
    meaning: '32 bytes in base64 or hex that encrypt secrets; default: master.key.',
  },
  {
    variable: 'COLDFRAME_ISOLATION',
    flag: 'isolation',
    takes: 'list',
    meaning: 'Order for `auto`, comma-separated, strongest first.',
  },
  {
    variable: 'COLDFRAME_FALLBACK',
    flag: 'fallback',
    takes: 'none|weaker',
    meaning: 'Whether functions may move to a weaker isolation; default none.',
  },
  {
    variable: 'COLDFRAME_KNOWN_WEAK',
    flag: 'known-weak',
    takes: 'refuse|allow',
    meaning: 'Whether new functions may have an isolation with a known weakness that holds here; default refuse.',
  },
  {
    variable: 'COLDFRAME_POOL_MEMORY_MIB',
    flag: 'pool-memory-mib',
    takes: 'MiB',
    meaning: 'Memory the pool may hold idle; default 25% of the available.',
  },
  {
    variable: 'COLDFRAME_POOL_READY',
    flag: 'pool-ready',
    takes: 'count',
    meaning: 'Generic sandboxes kept ready per runtime of the preferred isolation; default: learned from demand.',
  },
  {
    variable: 'COLDFRAME_EGRESS_ALLOW',
    flag: 'egress-allow',
    takes: 'list',
    meaning:
      'What functions with egress may reach beyond the internet, as 10.1.2.0/24 or 10.1.2.3:5432, comma-separated.',
  },
  {
    variable: 'COLDFRAME_LOG_LEVEL',
    flag: 'log-level',
    takes: SERVER_LOG_LEVELS.join('|'),
    meaning: 'How much the server logs; default info.',
  },
  {
    variable: 'COLDFRAME_BASE_IMAGE',
    flag: 'base-image',
    takes: 'image',
    meaning: 'Base of the runtime images where a registry answers.',
  },
  {
    variable: 'COLDFRAME_FIRECRACKER',
    flag: 'firecracker',
    takes: 'path',
    meaning: 'The Firecracker program; default: looked for on the PATH.',
  },
  {
    variable: 'COLDFRAME_JAILER',
    flag: 'jailer',
    takes: 'path',
    meaning: 'Its jailer; default: looked for on the PATH. Used where the server is root.',
  },
  {
    variable: 'COLDFRAME_FIRECRACKER_SLOWNESS',
    flag: 'firecracker-slowness',
    takes: 'factor',
    meaning: 'How many times slower its guests run here than on hardware, 1 to 100; its deadlines follow. Default 1.',
  },
] as const;

export type Flags = Record<string, string | undefined>;
type Env = Record<string, string | undefined>;

/**
 * Parses flags and environment. Throws `invalid_config` naming the variable and what it takes. Keys are removed from `env`
 * once read, so that no child process and no dump of the environment can hold them.
 */
export function parseConfig(flags: Flags, env: Env): Config {
  const read = (variable: (typeof SETTINGS)[number]['variable']): string | null => {
    const setting = SETTINGS.find((one) => one.variable === variable);
    const value = (setting?.flag ? flags[setting.flag] : undefined) ?? env[variable];
    return value === undefined || value === '' ? null : value;
  };
  const hostedPort = read('COLDFRAME_PORT') === null ? (env.PORT ?? null) : null;
  const adminKey = read('COLDFRAME_ADMIN_KEY');
  const masterKey = read('COLDFRAME_MASTER_KEY');
  delete env.COLDFRAME_ADMIN_KEY;
  delete env.COLDFRAME_MASTER_KEY;
  if (adminKey !== null && !/^[\x21-\x7e]{16,256}$/.test(adminKey)) {
    throw invalid('COLDFRAME_ADMIN_KEY', `at least ${ADMIN_KEY_MIN_CHARS} printable characters without spaces`);
  }
  const host = read('COLDFRAME_HOST') ?? (hostedPort === null ? '127.0.0.1' : '0.0.0.0');
  if (hostedPort !== null && adminKey === null) {
    throw new ColdframeError('invalid_config', {
      publicMessage:
        'PORT is set, so the server would listen on every address: set COLDFRAME_ADMIN_KEY (16 characters or more) too.',
    });
  }
  const port = read('COLDFRAME_PORT') ?? hostedPort;
  return Object.freeze({
    host,
    port: port === null ? DEFAULT_PORT : parsePort(hostedPort === null ? 'COLDFRAME_PORT' : 'PORT', port),
    portIsExplicit: port !== null,
    functionPort: mapNullable(read('COLDFRAME_FUNCTION_PORT'), (value) => parsePort('COLDFRAME_FUNCTION_PORT', value)),
    publicUrl: mapNullable(read('COLDFRAME_PUBLIC_URL'), (value) => parseUrl('COLDFRAME_PUBLIC_URL', value)),
    functionOrigin: mapNullable(
      read('COLDFRAME_FUNCTION_ORIGIN'),
      (value) => parseUrl('COLDFRAME_FUNCTION_ORIGIN', value).origin,
    ),
    functionDomain: mapNullable(read('COLDFRAME_FUNCTION_DOMAIN'), parseDomain),
    dataDir: read('COLDFRAME_DATA_DIR'),
    adminKey,
    masterKey,
    isolationOrder: mapNullable(read('COLDFRAME_ISOLATION'), parseOrder) ?? DEFAULT_ORDER,
    fallback: parseOneOf('COLDFRAME_FALLBACK', read('COLDFRAME_FALLBACK') ?? 'none', ['none', 'weaker'] as const),
    knownWeak: parseOneOf('COLDFRAME_KNOWN_WEAK', read('COLDFRAME_KNOWN_WEAK') ?? 'refuse', [
      'refuse',
      'allow',
    ] as const),
    poolMemoryMib: mapNullable(read('COLDFRAME_POOL_MEMORY_MIB'), (value) =>
      parseWhole('COLDFRAME_POOL_MEMORY_MIB', value, 0, 1_048_576),
    ),
    poolReady: mapNullable(read('COLDFRAME_POOL_READY'), (value) =>
      parseWhole('COLDFRAME_POOL_READY', value, 0, 1_000),
    ),
    egressAllow: mapNullable(read('COLDFRAME_EGRESS_ALLOW'), parseAllow) ?? [],
    logLevel: parseOneOf('COLDFRAME_LOG_LEVEL', read('COLDFRAME_LOG_LEVEL') ?? 'info', SERVER_LOG_LEVELS),
    dockerSocket: parseDockerHost(env.DOCKER_HOST),
    baseImage: read('COLDFRAME_BASE_IMAGE') ?? 'python:3.11-slim-bookworm',
    firecracker: mapNullable(read('COLDFRAME_FIRECRACKER'), (value) => parsePath('COLDFRAME_FIRECRACKER', value)),
    jailer: mapNullable(read('COLDFRAME_JAILER'), (value) => parsePath('COLDFRAME_JAILER', value)),
    firecrackerSlowness:
      mapNullable(read('COLDFRAME_FIRECRACKER_SLOWNESS'), (value) =>
        parseWhole('COLDFRAME_FIRECRACKER_SLOWNESS', value, 1, SLOWNESS_MAX),
      ) ?? 1,
  });
}

function invalid(variable: string, takes: string): ColdframeError {
  return new ColdframeError('invalid_config', { publicMessage: `${variable} is not valid: it takes ${takes}.` });
}

function mapNullable<T>(value: string | null, map: (value: string) => T): T | null {
  return value === null ? null : map(value);
}

function parseWhole(variable: string, value: string, min: number, max: number): number {
  const parsed = /^\d{1,9}$/.test(value) ? Number(value) : Number.NaN;
  if (!(parsed >= min && parsed <= max)) throw invalid(variable, `a whole number from ${min} to ${max}`);
  return parsed;
}

const DOMAIN = /^(?!.{230})[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)+$/;

/** `fn.example.org`; `*.fn.example.org` means the same. */
function parseDomain(value: string): string {
  const domain = value.toLowerCase().replace(/^\*\./, '').replace(/\.$/, '');
  if (!DOMAIN.test(domain)) throw invalid('COLDFRAME_FUNCTION_DOMAIN', 'a domain, as fn.example.org');
  return domain;
}

/** 0 lets the system choose a free port. */
function parsePort(variable: string, value: string): number {
  return parseWhole(variable, value, 0, 65_535);
}

function parseUrl(variable: string, value: string): URL {
  const url = URL.canParse(value) ? new URL(value) : null;
  if (!url || !['http:', 'https:'].includes(url.protocol)) throw invalid(variable, 'an http or https URL');
  return url;
}

function parsePath(variable: string, value: string): string {
  if (!isAbsolute(value)) throw invalid(variable, 'an absolute path');
  return value;
}

function parseOneOf<const T extends readonly string[]>(variable: string, value: string, allowed: T): T[number] {
  if (!allowed.includes(value)) throw invalid(variable, `one of ${allowed.join(', ')}`);
  return value as T[number];
}

function parseOrder(value: string): readonly Isolation[] {
  const names = value.split(',').map((name) => name.trim());
  for (const name of names) parseOneOf('COLDFRAME_ISOLATION', name, AUTO_ISOLATIONS);
  return names as Isolation[];
}

function parseAllow(value: string): readonly EgressAllow[] {
  const allow = parseEgressAllow(value);
  if (allow === null)
    throw invalid('COLDFRAME_EGRESS_ALLOW', 'IPv4 networks with an optional port, e.g. 10.1.2.0/24,10.1.2.3:5432');
  return allow;
}

function parseDockerHost(value: string | undefined): string {
  return value?.startsWith('unix://') ? value.slice('unix://'.length) : '/var/run/docker.sock';
}
