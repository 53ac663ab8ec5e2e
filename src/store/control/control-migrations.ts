import type { Migration } from '../sqlite/migrate.ts';
import { first } from './migrations/0001-first.ts';
import { sessionsKnowTheirKey } from './migrations/0002-sessions-know-their-key.ts';
import { comparisons } from './migrations/0003-comparisons.ts';
import { settingsOfFunctions } from './migrations/0004-settings-of-functions.ts';

/** Every step of control.db's schema, oldest first. */
export const CONTROL_MIGRATIONS: readonly Migration[] = [first, sessionsKnowTheirKey, comparisons, settingsOfFunctions];
