import { asyncConcurrency } from '../../../../../src/domain/async-settings.ts';
import { LIMITS } from '../../../../../src/domain/limits.ts';
import type { ColdframeFunction } from '../../../shared/api/types.ts';

export const ASYNC_NUMBERS = ['maxAttempts', 'maxAgeMs', 'backoffMs', 'maxConcurrency'] as const;
export type AsyncNumber = (typeof ASYNC_NUMBERS)[number];
export const DESTINATIONS = ['onSuccess', 'onFailure'] as const;

export interface DestinationValues {
  kind: 'none' | 'function' | 'url';
  /** The function's name or the address. */
  target: string;
}

/** Settings of asynchronous calls, as they are typed. */
export type AsyncValues = Record<AsyncNumber, string> &
  Record<(typeof DESTINATIONS)[number], DestinationValues> & {
    /** One error type a line, or with commas. */
    nonRetryable: string;
  };

type AsyncOfFunction = ColdframeFunction['async'];

export function asyncValuesOf(settings: AsyncOfFunction): AsyncValues {
  return {
    maxAttempts: String(settings.maxAttempts),
    maxAgeMs: String(settings.maxAgeMs),
    backoffMs: String(settings.backoffMs),
    maxConcurrency: settings.maxConcurrency === undefined ? '' : String(settings.maxConcurrency),
    nonRetryable: settings.nonRetryable.join('\n'),
    onSuccess: destinationValues(settings.onSuccess),
    onFailure: destinationValues(settings.onFailure),
  };
}

function destinationValues(destination: AsyncOfFunction['onSuccess']): DestinationValues {
  if (destination?.function !== undefined) return { kind: 'function', target: destination.function };
  if (destination?.url !== undefined) return { kind: 'url', target: destination.url };
  return { kind: 'none', target: '' };
}

/** What differs, as a merge patch of `async`. An emptied number goes back to its default. */
export function asyncPatch(
  edits: AsyncValues,
  now: AsyncValues,
  problems: Map<string, string>,
): Record<string, unknown> {
  const patch: Record<string, unknown> = {};
  for (const name of ASYNC_NUMBERS) {
    const text = edits[name].trim();
    if (text === now[name]) continue;
    if (text === '') patch[name] = null;
    else if (Number.isInteger(Number(text))) patch[name] = Number(text);
    else problems.set(`/async/${name}`, 'Give a whole number, or nothing for the default.');
  }
  const types = listOf(edits.nonRetryable);
  if (types.join('\n') !== listOf(now.nonRetryable).join('\n')) patch.nonRetryable = types;
  for (const name of DESTINATIONS) {
    const { kind } = edits[name];
    const target = edits[name].target.trim();
    if (kind === now[name].kind && (kind === 'none' || target === now[name].target)) continue;
    if (kind === 'none') patch[name] = null;
    else if (target === '') problems.set(`/async/${name}`, kind === 'url' ? 'Give the address.' : 'Give the name.');
    else patch[name] = { [kind]: target };
  }
  return patch;
}

function listOf(text: string): string[] {
  return text
    .split(/[\n,]+/)
    .map((one) => one.trim())
    .filter((one) => one !== '');
}

/** Bounds, and what counts when the field is empty. */
export function asyncBoundsText(name: AsyncNumber, fn: ColdframeFunction): string {
  const { min, max } = LIMITS.async[name];
  const usual = name === 'maxConcurrency' ? asyncConcurrency(undefined, fn.maxConcurrency) : LIMITS.async[name].default;
  return `${min.toLocaleString('en')} to ${max.toLocaleString('en')}; usually ${usual.toLocaleString('en')}`;
}
