import { LIMITS } from '../../domain/limits.ts';
import type { RuntimeId } from '../../domain/names.ts';
import type { Settings } from '../../domain/settings.ts';
import type { SettingsInput, SettingsPatch } from '../catalog-input.ts';

/** Every setting's default; the runtime is always chosen. */
export function defaultSettings(runtime: RuntimeId): Settings {
  return {
    runtime,
    handler: 'index.handler',
    timeoutMs: LIMITS.timeoutMs.default,
    initTimeoutMs: LIMITS.initTimeoutMs.default,
    queueTimeoutMs: LIMITS.queueTimeoutMs.default,
    memoryMib: LIMITS.memoryMib.default,
    cpus: LIMITS.cpus.default,
    concurrencyPerSandbox: LIMITS.concurrencyPerSandbox.default,
    maxConcurrency: LIMITS.maxConcurrency.default,
    minWarm: LIMITS.minWarm.default,
    diskMib: LIMITS.diskMib.default,
    network: 'none',
    isolation: 'auto',
    routes: [],
    url: { auth: 'key' },
    capture: 'errors',
    description: '',
    tags: {},
  };
}

/**
 * Settings with a patch applied (a create's input is a patch of the defaults): null goes back to the default, tags and url
 * merge by member, lists are replaced. The result is a new object; `runtime` is resolved already.
 */
export function mergeSettings(base: Settings, patch: SettingsInput | SettingsPatch, runtime: RuntimeId): Settings {
  const defaults = defaultSettings(runtime);
  const merged: Record<string, unknown> = { ...base, runtime };
  for (const key of Object.keys(defaults) as (keyof Settings)[]) {
    if (key === 'runtime' || key === 'tags' || key === 'url') continue;
    const value = patch[key];
    if (value !== undefined) merged[key] = value ?? defaults[key];
  }
  merged.tags = mergeTags(base.tags, patch.tags);
  merged.url = mergeUrl(base.url, patch.url);
  return merged as unknown as Settings;
}

function mergeTags(base: Record<string, string>, patch: SettingsPatch['tags']): Record<string, string> {
  if (patch === null) return {};
  const tags = new Map(Object.entries(base));
  for (const [name, value] of Object.entries(patch ?? {})) {
    if (value === null) tags.delete(name);
    else tags.set(name, value);
  }
  return Object.fromEntries(tags);
}

function mergeUrl(base: Settings['url'], patch: SettingsPatch['url']): Settings['url'] {
  if (patch === null) return { auth: 'key' };
  const auth = patch?.auth === undefined ? base.auth : (patch.auth ?? 'key');
  const cors = patch?.cors === undefined ? base.cors : (patch.cors ?? undefined);
  return cors === undefined ? { auth } : { auth, cors };
}
