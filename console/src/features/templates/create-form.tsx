import { Button, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { FormEvent } from 'react';
import { getTemplate } from '../../../../src/client/generated/sdk.gen.ts';
import type { GetTemplateResponses } from '../../../../src/client/generated/types.gen.ts';
import type { ApiProblem } from '../../shared/api/api-problem.ts';
import { call, client } from '../../shared/api/call.ts';
import { queryKeys } from '../../shared/api/query-keys.ts';
import { ProblemNotice } from '../../shared/ui/problem-notice.tsx';
import { SkeletonRows } from '../../shared/ui/skeleton-rows.tsx';
import classes from './create-form.module.css';
import { useCreate } from './use-create.ts';
import { useFreeName } from './use-free-name.ts';

export type Template = GetTemplateResponses[200];

const NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;

interface Props {
  /** Its name. */
  template: string;
  /** Null until the person names the function; the form then suggests a free one. */
  typedName: string | null;
  onName(name: string): void;
}

/** What the template holds, and the name the function gets. */
export function CreateForm({ template: name, typedName, onName }: Props) {
  const { data, error, refetch } = useQuery<Template, ApiProblem>({
    queryKey: [...queryKeys.templates, name],
    queryFn: ({ signal }) => call(getTemplate({ client, path: { template: name }, signal })),
    staleTime: Number.POSITIVE_INFINITY,
    placeholderData: undefined,
  });
  if (data) return <LoadedForm template={data} typedName={typedName} onName={onName} />;
  if (error) return <ProblemNotice error={error} onRetry={() => void refetch()} />;
  return <SkeletonRows label="Loading the template" />;
}

function LoadedForm({ template, typedName, onName }: Omit<Props, 'template'> & { template: Template }) {
  const free = useFreeName(template.manifest.name);
  const create = useCreate();
  const name = typedName ?? free ?? '';
  const problem =
    typedName === null || NAME.test(name)
      ? null
      : 'Letters, digits, - and _, beginning with a letter or digit; at most 64.';
  const taken = create.error?.code === 'function_exists' ? 'There is a function of that name already.' : null;
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (problem === null && name !== '' && !create.isPending) create.mutate({ template, name });
  };
  return (
    <section className={classes.form} aria-label={`Template ${template.name}`}>
      <form onSubmit={submit} className={classes.head}>
        <TextInput
          label="Name"
          value={name}
          onChange={(event) => {
            onName(event.currentTarget.value);
            create.reset();
          }}
          error={problem ?? taken}
          autoComplete="off"
          spellCheck={false}
          className={classes.name}
        />
        <Button type="submit" loading={create.isPending} disabled={problem !== null || name === ''}>
          Create and run
        </Button>
      </form>
      {create.error && taken === null ? <ProblemNotice error={create.error} /> : null}
      <p className={classes.what}>
        {template.manifest.runtime === 'python' ? 'Python' : 'Node.js'}, deployed at once and called with the event{' '}
        <code>{template.events[0]?.name ?? '{}'}</code>. Code and settings can be changed afterwards.
      </p>
      {Object.entries(template.files).map(([path, text]) => (
        <figure key={path} className={classes.file}>
          <figcaption>{path}</figcaption>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard */}
          <pre tabIndex={0}>{text}</pre>
        </figure>
      ))}
    </section>
  );
}
