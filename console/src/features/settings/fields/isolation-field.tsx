import { Radio } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { listIsolation } from '../../../../../src/client/generated/sdk.gen.ts';
import { plainProse } from '../../../../../src/domain/prose.ts';
import type { ApiProblem } from '../../../shared/api/api-problem.ts';
import { call, client } from '../../../shared/api/call.ts';
import { queryKeys } from '../../../shared/api/query-keys.ts';
import type { ColdframeFunction, IsolationStatus } from '../../../shared/api/types.ts';
import { ProblemNotice } from '../../../shared/page/problem-notice.tsx';
import { Prose } from '../../../shared/page/prose.tsx';
import { SkeletonRows } from '../../../shared/page/skeleton-rows.tsx';
import { StatusMark } from '../../../shared/values/status-mark.tsx';
import type { SettingsForm } from '../form/use-settings-form.ts';
import { isolationChoices } from './isolation-choices.ts';
import classes from './isolation-field.module.css';

/** The fence around the function's sandboxes: what is usable on this host, and why the rest is not. */
export function IsolationField({ form, fn }: { form: SettingsForm; fn: ColdframeFunction }) {
  const { data, error, refetch } = useQuery<{ items: IsolationStatus[] }, ApiProblem>({
    queryKey: queryKeys.isolation,
    queryFn: ({ signal }) => call(listIsolation({ client, signal })),
  });
  if (error && !data) return <ProblemNotice error={error} onRetry={() => void refetch()} />;
  if (!data) return <SkeletonRows label="Loading the isolations of this host" />;
  return (
    <Radio.Group
      className={classes.group}
      aria-label="Isolation"
      value={form.values.isolation}
      onChange={(isolation) => form.set({ isolation })}
      error={form.problemAt('/isolation')}
    >
      <Radio
        value="auto"
        label="auto"
        description={`The strongest usable one, chosen at each deploy and never weakened by itself; now ${fn.effectiveIsolation}.`}
      />
      {isolationChoices(data.items, fn).map(({ isolation, state, canBeChosen, detail, fix }) => (
        <Radio
          key={isolation}
          value={isolation}
          disabled={!canBeChosen && form.values.isolation !== isolation}
          label={
            <span className={classes.label}>
              {isolation} <StatusMark status={state} />
            </span>
          }
          description={
            <span className={classes.detail}>
              <Prose text={detail} />
              {fix === null ? null : <code className={classes.fix}>{plainProse(fix)}</code>}
            </span>
          }
        />
      ))}
    </Radio.Group>
  );
}
