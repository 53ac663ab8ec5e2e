import { LIMITS } from '../../../../../src/domain/limits.ts';
import type { ColdframeFunction } from '../../../shared/api/types.ts';
import { type EnvRow, envRows } from './env-rows.ts';

/** Whole numbers, with their bounds; `cpus` may have a fraction. */
export const NUMBERS = [
  'timeoutMs',
  'initTimeoutMs',
  'queueTimeoutMs',
  'memoryMib',
  'cpus',
  'diskMib',
  'concurrencyPerSandbox',
  'maxConcurrency',
  'minWarm',
] as const satisfies readonly (keyof typeof LIMITS & keyof ColdframeFunction)[];
export type NumberName = (typeof NUMBERS)[number];

export const TEXTS = ['description', 'handler'] as const;
export const CHOICES = ['runtime', 'isolation', 'network', 'capture'] as const;

export interface RouteRow {
  method: string;
  path: string;
}

/** Lists are kept as they are typed: one entry a line, or with commas. */
export interface CorsValues {
  allowOrigins: string;
  allowMethods: string;
  allowHeaders: string;
  exposeHeaders: string;
  allowCredentials: boolean;
  maxAgeSeconds: string;
}

/** The form, as it is typed. */
export type SettingsValues = Record<NumberName | (typeof TEXTS)[number] | (typeof CHOICES)[number], string> & {
  auth: 'key' | 'none';
  cors: CorsValues;
  routes: readonly RouteRow[];
  env: readonly EnvRow[];
  tags: readonly EnvRow[];
};

export function valuesOf(fn: ColdframeFunction): SettingsValues {
  const { cors } = fn.urlSettings;
  const plain = [...NUMBERS, ...TEXTS, ...CHOICES].map((name) => [name, String(fn[name])]);
  return {
    ...(Object.fromEntries(plain) as Record<NumberName | 'description' | 'handler' | (typeof CHOICES)[number], string>),
    auth: fn.urlSettings.auth,
    cors: {
      allowOrigins: (cors?.allowOrigins ?? []).join('\n'),
      allowMethods: (cors?.allowMethods ?? []).join(', '),
      allowHeaders: (cors?.allowHeaders ?? []).join(', '),
      exposeHeaders: (cors?.exposeHeaders ?? []).join(', '),
      allowCredentials: cors?.allowCredentials ?? false,
      maxAgeSeconds: cors?.maxAgeSeconds === undefined ? '' : String(cors.maxAgeSeconds),
    },
    routes: fn.routes,
    env: envRows(fn.env),
    tags: envRows(fn.tags),
  };
}

/** `100 to 900,000`, and what it is by default. */
export function boundsText(name: NumberName): string {
  const { min, max, default: usual } = LIMITS[name];
  return `${min.toLocaleString('en')} to ${max.toLocaleString('en')}; usually ${usual.toLocaleString('en')}`;
}
