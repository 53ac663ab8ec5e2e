import { NativeSelect } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { listRuntimes } from '../../../../../src/client/generated/sdk.gen.ts';
import type { ListRuntimesResponses } from '../../../../../src/client/generated/types.gen.ts';
import { languageNamed } from '../../../../../src/domain/runtimes.ts';
import type { ApiProblem } from '../../../shared/api/api-problem.ts';
import { call, client } from '../../../shared/api/call.ts';
import { queryKeys } from '../../../shared/api/query-keys.ts';
import type { ColdframeFunction } from '../../../shared/api/types.ts';
import type { SettingsForm } from '../form/use-settings-form.ts';

/** The language and its version: those this host offers, and the function's own whether it does or not. */
export function RuntimeField({ form, fn }: { form: SettingsForm; fn: ColdframeFunction }) {
  const { data, error } = useQuery<ListRuntimesResponses[200]['items'], ApiProblem>({
    queryKey: queryKeys.runtimes,
    queryFn: async ({ signal }) => (await call(listRuntimes({ client, signal }))).items,
  });
  const offered = (data ?? []).filter(({ isolations }) => isolations.length > 0).map(({ runtime }) => runtime);
  const runtimes = offered.includes(fn.runtime) ? offered : [fn.runtime, ...offered];
  return (
    <NativeSelect
      label="Runtime"
      description={
        languageNamed(form.values.runtime) === languageNamed(fn.runtime)
          ? null
          : 'The code that is deployed has to be of that language too.'
      }
      value={form.values.runtime}
      onChange={(event) => form.set({ runtime: event.currentTarget.value })}
      data={runtimes}
      error={form.problemAt('/runtime') ?? error?.message}
    />
  );
}
