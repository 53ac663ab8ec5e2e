import type { ComparedIsolation } from '../domain/comparison.ts';
import { ISOLATIONS, type Isolation, type RuntimeId } from '../domain/names.ts';
import { ColdframeError } from '../errors/coldframe-error.ts';
import type { DriverAnswer } from '../isolations/isolation-registry.ts';

const UNFENCED = 'It fences nothing, so it is compared only when named.';

/**
 * What a comparison runs under: the isolations named, else every one there is but `process`; weakest first. Those that cannot run
 * the function now are listed as skipped with the reason. Throws `unknown_isolation`, and when none is left
 * `isolation_preparing` or `isolation_not_usable`.
 */
export function chooseIsolations(
  named: readonly string[] | null,
  runtime: RuntimeId,
  answerOf: (isolation: Isolation, runtime: RuntimeId) => DriverAnswer,
): ComparedIsolation[] {
  const unknown = (named ?? []).filter((name) => !(ISOLATIONS as readonly string[]).includes(name));
  if (unknown.length > 0)
    throw new ColdframeError('unknown_isolation', {
      publicMessage: `There is no isolation ${unknown.join(', ')}; there are ${ISOLATIONS.join(', ')}.`,
    });
  const asked = ISOLATIONS.filter((isolation) => named === null || named.includes(isolation));
  const answers = asked.map((isolation) => answerOf(isolation, runtime));
  const chosen = asked.map((isolation, at) => entryOf(isolation, named, answers[at]!));
  if (chosen.some(({ state }) => state === 'waiting')) return chosen;
  const isPreparing = answers.some(({ state }) => state === 'preparing');
  throw new ColdframeError(isPreparing ? 'isolation_preparing' : 'isolation_not_usable', {
    publicMessage: chosen.map(({ isolation, reason }) => `${isolation}: ${reason}`).join(' '),
  });
}

function entryOf(isolation: Isolation, named: readonly string[] | null, answer: DriverAnswer): ComparedIsolation {
  const isUnasked = named === null && isolation === 'process';
  const reason = answer.state === 'usable' ? (isUnasked ? UNFENCED : null) : answer.detail;
  const nothing = { driver: null, fence: null, enforced: null, starts: [], failure: null };
  return { isolation, state: reason === null ? 'waiting' : 'skipped', reason, ...nothing };
}
