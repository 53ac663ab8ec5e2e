import { LIMITS } from '../../domain/limits.ts';
import { CAPTURES, NETWORKS } from '../../domain/names.ts';
import { languageRow } from '../../domain/runtimes.ts';
import type { RevisionSettings, Settings } from '../../domain/settings.ts';
import { ColdframeError, type FieldError } from '../../errors/coldframe-error.ts';
import type { ResolvedIsolation } from '../../isolations/isolation-resolver.ts';
import { corsProblems } from './cors-rules.ts';
import { routeProblems } from './route-rules.ts';

const HANDLER_MAX_CHARS = 256;
const DESCRIPTION_MAX_CHARS = 1_024;
const TAGS_MAX = 50;
const TAG_NAME_MAX_CHARS = 128;
const TAG_VALUE_MAX_CHARS = 256;

const WHOLE_NUMBERS = [
  'timeoutMs',
  'initTimeoutMs',
  'queueTimeoutMs',
  'memoryMib',
  'concurrencyPerSandbox',
  'maxConcurrency',
  'minWarm',
  'diskMib',
] as const;

/** What settings must be whatever the host: bounds, and no two that contradict each other. Throws `invalid_settings` listing all. */
export function checkSettings(settings: Settings): void {
  const errors = [
    ...numberProblems(settings),
    ...textProblems(settings),
    ...corsProblems(settings.url.cors),
    ...routeProblems(settings.routes),
  ];
  if (!NETWORKS.includes(settings.network)) errors.push(problem('/network', `takes one of ${NETWORKS.join(', ')}`));
  if (!CAPTURES.includes(settings.capture)) errors.push(problem('/capture', `takes one of ${CAPTURES.join(', ')}`));
  if (settings.url.auth !== 'key' && settings.url.auth !== 'none')
    errors.push(problem('/url/auth', 'takes key or none'));
  if (settings.minWarm > settings.maxConcurrency) {
    errors.push(problem('/minWarm', 'is more than maxConcurrency allows to run at once'));
  }
  if (settings.concurrencyPerSandbox > 1 && !languageRow(settings.runtime).isConcurrent) {
    errors.push(problem('/concurrencyPerSandbox', 'only Node runtimes take several calls at once; use 1'));
  }
  if (errors.length > 0) throw new ColdframeError('invalid_settings', { errors });
}

/** What settings must be under the isolation they resolved to. Throws `network_unenforceable` or `invalid_settings`. */
export function checkAgainstIsolation(settings: RevisionSettings, resolved: ResolvedIsolation): void {
  if (!resolved.networks.includes(settings.network)) {
    throw new ColdframeError('network_unenforceable', {
      errors: [problem('/network', whyNot(settings, resolved))],
    });
  }
  if (settings.memoryMib < resolved.memoryMinMib) {
    const message = `isolation ${resolved.isolation} needs at least ${resolved.memoryMinMib} for ${settings.runtime}`;
    throw new ColdframeError('invalid_settings', { errors: [problem('/memoryMib', message)] });
  }
}

function whyNot({ network }: RevisionSettings, { isolation, whyNoEgress }: ResolvedIsolation): string {
  const reason = whyNoEgress ? `: ${whyNoEgress}` : '';
  return `isolation ${isolation} cannot fence ${network} on this host${reason}`;
}

function problem(path: string, message: string): FieldError {
  return { path, message };
}

function numberProblems(settings: Settings): FieldError[] {
  const errors: FieldError[] = [];
  for (const name of WHOLE_NUMBERS) {
    const { min, max } = LIMITS[name];
    if (Number.isInteger(settings[name]) && settings[name] >= min && settings[name] <= max) continue;
    errors.push(problem(`/${name}`, `takes a whole number from ${min} to ${max}`));
  }
  const { min, max } = LIMITS.cpus;
  if (!(settings.cpus >= min && settings.cpus <= max))
    errors.push(problem('/cpus', `takes a number from ${min} to ${max}`));
  return errors;
}

function textProblems({ handler, description, tags }: Settings): FieldError[] {
  const errors: FieldError[] = [];
  if (handler.length > HANDLER_MAX_CHARS)
    errors.push(problem('/handler', `has more than ${HANDLER_MAX_CHARS} characters`));
  if (description.length > DESCRIPTION_MAX_CHARS) {
    errors.push(problem('/description', `has more than ${DESCRIPTION_MAX_CHARS} characters`));
  }
  const entries = Object.entries(tags);
  if (entries.length > TAGS_MAX) errors.push(problem('/tags', `has more than ${TAGS_MAX} tags`));
  for (const [name, value] of entries) {
    if (name !== '' && name.length <= TAG_NAME_MAX_CHARS && value.length <= TAG_VALUE_MAX_CHARS) continue;
    const bound = `a tag has 1 to ${TAG_NAME_MAX_CHARS} characters of name and at most ${TAG_VALUE_MAX_CHARS} of value`;
    errors.push(problem(`/tags/${name.slice(0, TAG_NAME_MAX_CHARS)}`, bound));
  }
  return errors;
}
