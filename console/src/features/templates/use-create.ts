import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useLocation } from 'wouter';
import { createFunction, putTestEvent } from '../../../../src/client/generated/sdk.gen.ts';
import type { CreateFunctionData } from '../../../../src/client/generated/types.gen.ts';
import type { ApiProblem } from '../../shared/api/api-problem.ts';
import { call, client } from '../../shared/api/call.ts';
import { queryKeys } from '../../shared/api/query-keys.ts';
import type { Template } from './create-form.tsx';

interface Creation {
  template: Template;
  name: string;
}

/** Creates the function with the template's events saved, and goes to its page, which runs the first of them. */
export function useCreate() {
  const queries = useQueryClient();
  const [, navigate] = useLocation();
  return useMutation<void, ApiProblem, Creation>({
    mutationFn: async ({ template: { manifest, files, events }, name }) => {
      const body = { ...manifest, name, code: { files } } as CreateFunctionData['body'];
      const fn = await call(createFunction({ client, body }));
      queries.setQueryData(queryKeys.function(name), fn);
      void queries.invalidateQueries({ queryKey: queryKeys.functions, exact: true });
      // The function is there whatever becomes of these: they are conveniences, and their panel can save them again.
      await Promise.allSettled(
        events.map(({ name: event, event: value }) =>
          call(putTestEvent({ client, path: { name, event }, body: value as never })),
        ),
      );
      const [first] = events;
      const firstRun = { eventText: JSON.stringify(first?.event ?? {}, null, 2), eventName: first?.name ?? '' };
      navigate(`/functions/${encodeURIComponent(name)}`, { state: { firstRun } });
    },
  });
}
