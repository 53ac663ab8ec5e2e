import { ISOLATIONS, type Isolation } from '../../../../../src/domain/names.ts';
import type { ColdframeFunction, IsolationStatus } from '../../../shared/api/types.ts';

export interface IsolationChoice {
  isolation: Isolation;
  /** The state of `GET /isolation`, or `absent` for one this server knows nothing of. */
  state: string;
  canBeChosen: boolean;
  /** What it is, or why it cannot be had. */
  detail: string;
  /** A command or step that would make it usable. */
  fix: string | null;
}

/** Every isolation there is, strongest first, with what is usable here and why the rest is not. */
export function isolationChoices(
  statuses: readonly IsolationStatus[],
  { runtime }: Pick<ColdframeFunction, 'runtime'>,
): IsolationChoice[] {
  return ISOLATIONS.toReversed().map((isolation) => {
    const status = statuses.find((one) => one.isolation === isolation);
    if (status === undefined)
      return {
        isolation,
        state: 'absent',
        canBeChosen: false,
        detail: 'This server does not offer it.',
        fix: null,
      };
    const { state, detail, fix, fence, runtimes } = status;
    if (state === 'usable' && !runtimes.includes(runtime))
      return { isolation, state: 'absent', canBeChosen: false, detail: `It offers no ${runtime} here.`, fix: null };
    const canBeChosen = state === 'usable' || state === 'preparing';
    return { isolation, state, canBeChosen, detail: state === 'usable' ? `Fence: ${fence ?? 'none'}.` : detail, fix };
  });
}
