import { ISOLATIONS, type Isolation } from '../domain/names.ts';
import type { SettingsTable } from '../store/control-store.ts';
import type { Log } from '../telemetry/log.ts';

const KEY = 'isolations_seen';

/** Which isolations were ever usable here; kept in control.db, so that `auto` knows what this host once had. */
export interface SeenIsolations {
  readonly isolations: readonly Isolation[];
  add(isolation: Isolation): void;
}

export async function openSeenIsolations(settings: SettingsTable, log: Log): Promise<SeenIsolations> {
  const stored = (await settings.get(KEY))?.split(',') ?? [];
  const isolations = ISOLATIONS.filter((isolation) => stored.includes(isolation));
  return {
    isolations,
    add(isolation) {
      isolations.push(isolation);
      settings
        .put(KEY, isolations.join(','))
        .catch((error: unknown) => log.warn({ err: error }, 'usable isolations could not be noted'));
    },
  };
}
