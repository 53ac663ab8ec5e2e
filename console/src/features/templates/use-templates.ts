import { useQuery } from '@tanstack/react-query';
import { getTemplate, listTemplates } from '../../../../src/client/generated/sdk.gen.ts';
import type { ListTemplatesResponses } from '../../../../src/client/generated/types.gen.ts';
import type { Language } from '../../../../src/domain/runtimes.ts';
import type { ApiProblem } from '../../shared/api/api-problem.ts';
import { call, client } from '../../shared/api/call.ts';
import { queryKeys } from '../../shared/api/query-keys.ts';
import type { Template } from '../../shared/api/types.ts';
import { OWN_TOPIC, ownCode } from './own-code.ts';

type Summary = ListTemplatesResponses[200]['items'][number];

/** What there is to start from. */
export function useTemplates() {
  return useQuery<Summary[], ApiProblem>({
    queryKey: queryKeys.templates,
    queryFn: async ({ signal }) => (await call(listTemplates({ client, signal }))).items,
    staleTime: Number.POSITIVE_INFINITY,
  });
}

/** One of them, whole; `topic` and `language` say whether it is one's own code, which no server is asked for. */
export function useTemplate(name: string, topic: string, language: Language) {
  return useQuery<Template, ApiProblem>({
    queryKey: [...queryKeys.templates, name],
    queryFn: ({ signal }) =>
      topic === OWN_TOPIC ? ownCode(language) : call(getTemplate({ client, path: { template: name }, signal })),
    staleTime: Number.POSITIVE_INFINITY,
    placeholderData: undefined,
  });
}
