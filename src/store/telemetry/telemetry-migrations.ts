import type { Migration } from '../contract/engine.ts';
import { first } from './migrations/0001-first.ts';
import { attempts } from './migrations/0002-attempts.ts';
import { functionVolumes } from './migrations/0003-function-volumes.ts';

/** Every step of telemetry.db's schema, oldest first. */
export const TELEMETRY_MIGRATIONS: readonly Migration[] = [first, attempts, functionVolumes];
