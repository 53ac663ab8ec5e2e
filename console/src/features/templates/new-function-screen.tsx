import { SegmentedControl } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { listTemplates } from '../../../../src/client/generated/sdk.gen.ts';
import type { ListTemplatesResponses } from '../../../../src/client/generated/types.gen.ts';
import type { ApiProblem } from '../../shared/api/api-problem.ts';
import { call, client } from '../../shared/api/call.ts';
import { queryKeys } from '../../shared/api/query-keys.ts';
import { PageHeader } from '../../shared/ui/page-header.tsx';
import { ProblemNotice } from '../../shared/ui/problem-notice.tsx';
import { SkeletonRows } from '../../shared/ui/skeleton-rows.tsx';
import { useUrlState } from '../../shared/url/use-url-state.ts';
import { CreateForm } from './create-form.tsx';
import classes from './new-function-screen.module.css';
import { byTopic, type Language, titleOf } from './template-topics.ts';

type Summary = ListTemplatesResponses[200]['items'][number];

const LANGUAGE_LABELS = [
  { value: 'nodejs', label: 'JavaScript' },
  { value: 'python', label: 'Python' },
];

/** A new function from a template: each runs as it is, and everything can be changed afterwards. */
export default function NewFunctionScreen() {
  const { data, error, refetch } = useQuery<Summary[], ApiProblem>({
    queryKey: queryKeys.templates,
    queryFn: async ({ signal }) => (await call(listTemplates({ client, signal }))).items,
    staleTime: Number.POSITIVE_INFINITY,
  });
  const [{ topic, language }, setChoice] = useUrlState({ topic: 'hello', language: 'nodejs' });
  // What was typed stays whatever template is looked at.
  const [typedName, setTypedName] = useState<string | null>(null);
  const topics = byTopic(data ?? []);
  const chosen = topics.find((one) => one.topic === topic) ?? topics[0];
  const template = chosen?.templates[language as Language] ?? null;
  return (
    <>
      <PageHeader title="New function">
        <SegmentedControl
          aria-label="Language"
          data={LANGUAGE_LABELS}
          value={language}
          onChange={(value) => setChoice({ language: value })}
        />
      </PageHeader>
      {error && !data ? <ProblemNotice error={error} onRetry={() => void refetch()} /> : null}
      {data === undefined && !error ? <SkeletonRows label="Loading templates" /> : null}
      {chosen && template ? (
        <div className={classes.screen}>
          <ul className={classes.topics} aria-label="Templates">
            {topics.map((one) => (
              <li key={one.topic}>
                <button
                  type="button"
                  className={classes.topic}
                  aria-pressed={one.topic === chosen.topic}
                  onClick={() => setChoice({ topic: one.topic })}
                >
                  <span className={classes.name}>{titleOf(one.description)}</span>
                  <span className={classes.description}>
                    {one.description.slice(titleOf(one.description).length + 2)}
                  </span>
                </button>
              </li>
            ))}
          </ul>
          <CreateForm template={template} typedName={typedName} onName={setTypedName} />
        </div>
      ) : null}
    </>
  );
}
