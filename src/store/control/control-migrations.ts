import type { Migration } from '../contract/engine.ts';
import { first } from './migrations/0001-first.ts';
import { sessionsKnowTheirKey } from './migrations/0002-sessions-know-their-key.ts';
import { comparisons } from './migrations/0003-comparisons.ts';
import { settingsOfFunctions } from './migrations/0004-settings-of-functions.ts';
import { ownedRows } from './migrations/0005-owned-rows.ts';
import { serversAndChanges } from './migrations/0006-servers-and-changes.ts';
import { theQueue } from './migrations/0007-the-queue.ts';
import { schedules } from './migrations/0008-schedules.ts';

/** Every step of the control database's schema, oldest first. */
export const CONTROL_MIGRATIONS: readonly Migration[] = [
  first,
  sessionsKnowTheirKey,
  comparisons,
  settingsOfFunctions,
  ownedRows,
  serversAndChanges,
  theQueue,
  schedules,
];
