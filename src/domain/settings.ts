import type { Capture, IsolationChoice, Network, RuntimeId } from './names.ts';

/** Cross-origin rules of a function URL; absent fields allow nothing. */
export interface Cors {
  allowOrigins?: string[];
  allowMethods?: string[];
  allowHeaders?: string[];
  exposeHeaders?: string[];
  allowCredentials?: boolean;
  maxAgeSeconds?: number;
}

/** Who may call the function URL: holders of a key with scope `invoke`, or anybody. */
export interface UrlSettings {
  auth: 'key' | 'none';
  cors?: Cors;
}

/** A path on the function listener that answers with this function, e.g. `GET /shop/{id}` or `ANY /shop/{proxy+}`. */
export interface RouteSettings {
  method: string;
  path: string;
}

/** What a sandbox is made or loaded with. Another value is another revision, in sandboxes of its own. */
export interface RevisionSettings {
  runtime: RuntimeId;
  handler: string;
  timeoutMs: number;
  initTimeoutMs: number;
  memoryMib: number;
  cpus: number;
  concurrencyPerSandbox: number;
  diskMib: number;
  network: Network;
  isolation: IsolationChoice;
}

/** What counts for the function whatever revision runs. A change makes no revision and costs no warm sandbox. */
export interface FunctionSettings {
  queueTimeoutMs: number;
  maxConcurrency: number;
  minWarm: number;
  routes: RouteSettings[];
  url: UrlSettings;
  capture: Capture;
  description: string;
  tags: Record<string, string>;
}

/** All that an author chooses besides code and environment: flat, as the API takes and gives it. */
export interface Settings extends RevisionSettings, FunctionSettings {}

/** Which setting belongs where; docs/decisions/0036-live-revisions.md gives each its reason. */
const OWNERS: Record<keyof RevisionSettings, 'revision'> & Record<keyof FunctionSettings, 'function'> = {
  runtime: 'revision',
  handler: 'revision',
  timeoutMs: 'revision',
  initTimeoutMs: 'revision',
  memoryMib: 'revision',
  cpus: 'revision',
  concurrencyPerSandbox: 'revision',
  diskMib: 'revision',
  network: 'revision',
  isolation: 'revision',
  queueTimeoutMs: 'function',
  maxConcurrency: 'function',
  minWarm: 'function',
  routes: 'function',
  url: 'function',
  capture: 'function',
  description: 'function',
  tags: 'function',
};

/** Each setting goes where it belongs; anything that is no setting is left out. */
export function splitSettings(settings: Settings): { ofRevision: RevisionSettings; ofFunction: FunctionSettings } {
  const parts = { revision: {} as Record<string, unknown>, function: {} as Record<string, unknown> };
  for (const name of Object.keys(OWNERS) as (keyof Settings)[]) parts[OWNERS[name]][name] = settings[name];
  return {
    ofRevision: parts.revision as unknown as RevisionSettings,
    ofFunction: parts.function as unknown as FunctionSettings,
  };
}
