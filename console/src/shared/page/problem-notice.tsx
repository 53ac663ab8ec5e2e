import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { ApiProblem } from '../api/api-problem.ts';
import classes from './problem-notice.module.css';
import { Prose } from './prose.tsx';

/** What went wrong, where, and what to do; the catalogue's advice is fetched only when something did. */
export function ProblemNotice({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const problem = error instanceof ApiProblem ? error : null;
  const title = problem?.title ?? 'Something went wrong in this page';
  const detail = error instanceof Error ? error.message : String(error);
  return (
    <div className={classes.notice} role="alert">
      <p className={classes.title}>{title}</p>
      <p className={classes.detail}>{problem ? <Prose text={detail} /> : detail}</p>
      {problem && problem.fields.length > 0 ? (
        <ul className={classes.fields}>
          {problem.fields.map(({ path, message }) => (
            <li key={`${path} ${message}`}>
              {path === '' ? null : <code>{path}</code>} <Prose text={message} />
            </li>
          ))}
        </ul>
      ) : null}
      <Advice problem={problem} />
      {problem ? (
        <p className={classes.where}>
          <code>{problem.where}</code>
          {problem.requestId === null ? null : (
            <>
              {' · request '}
              <code>{problem.requestId}</code>
            </>
          )}
          {problem.status === 0 ? null : (
            <>
              {' · '}
              <a href={`/errors/${encodeURIComponent(problem.code)}`} target="_blank" rel="noreferrer">
                {problem.code}
              </a>
            </>
          )}
        </p>
      ) : null}
      {onRetry ? (
        <Button size="compact-sm" variant="default" onClick={onRetry}>
          Try again
        </Button>
      ) : null}
    </div>
  );
}

const UNREACHABLE = 'See whether it still runs (`coldframe doctor`), then try again.';
const UNEXPECTED = 'Reload the page. If it happens again, please report it with the text above.';

function Advice({ problem }: { problem: ApiProblem | null }) {
  const code = problem?.code ?? '';
  const { data } = useQuery({
    queryKey: ['advice', code],
    queryFn: async () => {
      const { CATALOGUE } = await import('../../../../src/errors/catalogue.ts');
      return (CATALOGUE as Record<string, { whatToDo: string }>)[code]?.whatToDo ?? null;
    },
    enabled: problem !== null && problem.status !== 0,
    staleTime: Number.POSITIVE_INFINITY,
    placeholderData: undefined,
  });
  const text = problem === null ? UNEXPECTED : problem.status === 0 ? UNREACHABLE : data;
  return text ? (
    <p className={classes.advice}>
      <Prose text={text} />
    </p>
  ) : null;
}
