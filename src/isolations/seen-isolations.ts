import type { Log } from '../domain/log.ts';
import { ISOLATIONS, type Isolation } from '../domain/names.ts';
import type { SettingsTable } from '../store/contract/control-store.ts';

/** The key of versions from before several servers could share a store. */
const OLD_KEY = 'isolations_seen';

/**
 * Which isolations were ever usable on this machine. Kept in the store, so that `auto` knows what the machine once had.
 */
export interface SeenIsolations {
  readonly isolations: readonly Isolation[];
  add(isolation: Isolation): void;
}

export async function openSeenIsolations(
  settings: Pick<SettingsTable, 'get' | 'put'>,
  instance: string,
  log: Log,
): Promise<SeenIsolations> {
  const key = `isolations_seen.${instance}`;
  const stored = ((await settings.get(key)) ?? (await settings.get(OLD_KEY)))?.split(',') ?? [];
  const isolations = ISOLATIONS.filter((isolation) => stored.includes(isolation));
  return {
    isolations,
    add(isolation) {
      isolations.push(isolation);
      settings
        .put(key, isolations.join(','))
        .catch((error: unknown) => log.warn({ err: error }, 'usable isolations could not be noted'));
    },
  };
}
