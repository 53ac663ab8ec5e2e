import type { AsyncSettings, Destination } from '../../domain/async-settings.ts';
import { functionRef } from '../../domain/function-ref.ts';
import { LIMITS, NAME_PATTERN } from '../../domain/limits.ts';
import { LATEST } from '../../domain/pointers.ts';
import { ColdframeError, type FieldError } from '../../errors/coldframe-error.ts';

const URL_MAX_CHARS = 2_048;
const FUNCTION_NAME = new RegExp(NAME_PATTERN);
const NUMBERS = ['maxAttempts', 'maxAgeMs', 'backoffMs', 'maxConcurrency'] as const;
export const DESTINATION_NAMES = ['onSuccess', 'onFailure'] as const;

/** What is wrong with a function's asynchronous settings by themselves; empty when nothing is. */
export function asyncProblems(settings: AsyncSettings): FieldError[] {
  const errors: FieldError[] = [];
  for (const name of NUMBERS) {
    const value = settings[name];
    if (value === undefined) continue;
    const { min, max } = LIMITS.async[name];
    if (Number.isInteger(value) && value >= min && value <= max) continue;
    errors.push({ path: `/async/${name}`, message: `takes a whole number from ${min} to ${max}` });
  }
  const { nonRetryableMax, nonRetryableMaxChars } = LIMITS.async;
  if (settings.nonRetryable.length > nonRetryableMax)
    errors.push({ path: '/async/nonRetryable', message: `has more than ${nonRetryableMax} error types` });
  if (settings.nonRetryable.some((type) => type === '' || type.length > nonRetryableMaxChars)) {
    const message = `takes error types of 1 to ${nonRetryableMaxChars} characters, as the function’s errors name them`;
    errors.push({ path: '/async/nonRetryable', message });
  }
  for (const name of DESTINATION_NAMES) {
    const message = shapeProblem(settings[name]);
    if (message !== null) errors.push({ path: `/async/${name}`, message });
  }
  return errors;
}

function shapeProblem(destination: { function?: string; url?: string } | undefined): string | null {
  if (destination === undefined) return null;
  const { function: ref, url } = destination;
  if ((ref === undefined) === (url === undefined)) return 'takes exactly one of function and url';
  if (ref !== undefined) {
    const { name, qualifier } = functionRef(ref);
    if (!FUNCTION_NAME.test(name)) return `"${ref}" is no function; give a name`;
    return qualifier === LATEST ? null : `takes a function’s name, alone or with :${LATEST}`;
  }
  return url === undefined ? null : urlProblem(url);
}

function urlProblem(text: string): string | null {
  const url = text.length <= URL_MAX_CHARS && URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:$/.test(url.protocol))
    return `takes an http or https address of at most ${URL_MAX_CHARS} characters`;
  if (url.username !== '' || url.password !== '')
    return 'takes no user name or password; the receiver knows us by the signature';
  return url.hash === '' ? null : 'takes an address without #';
}

/**
 * Destinations that are new must be there and must not lead straight back. One that was there before stays when its function
 * goes, so that a change of something else is not refused for it. Throws `invalid_settings`.
 */
export function checkDestinations(
  settings: AsyncSettings,
  before: AsyncSettings | null,
  self: string,
  isThere: (name: string) => boolean,
): void {
  const errors: FieldError[] = [];
  for (const kind of DESTINATION_NAMES) {
    const name = functionOf(settings[kind]);
    if (name === null || name === functionOf(before?.[kind])) continue;
    const path = `/async/${kind}/function`;
    if (name === self) errors.push({ path, message: 'a function cannot be its own destination: it would never end' });
    else if (!isThere(name)) errors.push({ path, message: `there is no function ${name}; create it first` });
  }
  if (errors.length > 0) throw new ColdframeError('invalid_settings', { errors });
}

function functionOf(destination: Destination | undefined): string | null {
  return destination !== undefined && 'function' in destination ? functionRef(destination.function).name : null;
}
