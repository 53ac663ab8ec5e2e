import { LOG_LEVELS, type LogLevel } from '../../../../src/domain/log-level.ts';

/** What the address holds of a tail; empty for "any". */
export const NO_LOG_FILTERS = { function: '', contains: '', level: '' };

export interface LogFilters {
  function: string;
  contains: string;
  /** At least this serious. */
  level: LogLevel | '';
}

/** An address may hold anything; what is no level filters nothing. */
export function logFilters(state: typeof NO_LOG_FILTERS, functionName: string | null): LogFilters {
  return {
    function: functionName ?? state.function,
    contains: state.contains,
    level: LOG_LEVELS.find((level) => level === state.level) ?? '',
  };
}
