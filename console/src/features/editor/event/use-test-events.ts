import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import {
  deleteTestEvent,
  getTestEvent,
  listTestEvents,
  putTestEvent,
} from '../../../../../src/client/generated/sdk.gen.ts';
import type { ApiProblem } from '../../../shared/api/api-problem.ts';
import { call, client } from '../../../shared/api/call.ts';
import { queryKeys } from '../../../shared/api/query-keys.ts';
import { indentedJson } from '../../../shared/attempt/indented-json.ts';
import { memberText } from '../result/member-text.ts';

/** The saved events of a function: their names, and the ways to read, keep and delete one. */
export function useTestEvents(functionName: string) {
  const queries = useQueryClient();
  const list = useQuery<string[], ApiProblem>({
    queryKey: queryKeys.testEvents(functionName),
    queryFn: async ({ signal }) => {
      const { items } = await call(listTestEvents({ client, path: { name: functionName }, signal }));
      return items.map(({ name }) => name);
    },
    placeholderData: undefined,
  });
  const refresh = () => queries.invalidateQueries({ queryKey: queryKeys.testEvents(functionName) });
  const save = useMutation<unknown, ApiProblem, { event: string; text: string }>({
    mutationFn: ({ event, text }) =>
      call(
        putTestEvent({
          client,
          path: { name: functionName, event },
          body: text as never,
          bodySerializer: (body) => body as string,
        }),
      ),
    onSuccess: refresh,
  });
  const remove = useMutation<unknown, ApiProblem, string>({
    mutationFn: (event) => call(deleteTestEvent({ client, path: { name: functionName, event } })),
    onSuccess: refresh,
  });
  return { names: list.data ?? null, error: list.error, save, remove };
}

/** The text of a saved event, indented, its numbers as they were saved. */
export async function readTestEvent(functionName: string, event: string): Promise<string> {
  const reply = getTestEvent({ client, path: { name: functionName, event }, parseAs: 'text' });
  const text = (await call(reply)) as unknown as string;
  return indentedJson(memberText(text, 'event') ?? '{}');
}
