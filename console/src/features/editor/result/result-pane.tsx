import { Button } from '@mantine/core';
import { type ReactNode, useEffect, useRef } from 'react';
import { Link } from 'wouter';
import type { AuthorFrame } from '../../../shared/attempt/author-frame.ts';
import { ErrorView } from '../../../shared/attempt/error-view.tsx';
import { LogLines } from '../../../shared/attempt/log-lines.tsx';
import { Waterfall } from '../../../shared/attempt/waterfall.tsx';
import { formatDuration, formatMemory } from '../../../shared/format/figures.ts';
import { ProblemNotice } from '../../../shared/page/problem-notice.tsx';
import { Figure } from '../../../shared/values/figure.tsx';
import { StatusMark } from '../../../shared/values/status-mark.tsx';
import { Elapsed } from '../run/elapsed.tsx';
import type { RunReply } from '../run/run-reply.ts';
import { MOD_KEY } from '../run/use-panel-keys.ts';
import type { Runs } from '../run/use-run.ts';
import classes from './result-pane.module.css';
import { ResultText } from './result-text.tsx';

/** Where the panes stand below each other; desk-panes.module.css has the same width. */
const STACKED = '(max-width: 48rem)';

interface Props {
  runs: Runs;
  onFrame(frame: AuthorFrame): void;
  /** What a run leaves untouched, in a sentence. */
  untouched: string;
}

/** What became of the last run: result or error, where its time went, what it printed. */
export function ResultPane({ runs, onFrame, untouched }: Props) {
  const { startedAtMs, reply, error } = runs;
  const pane = useRef<HTMLElement>(null);
  useEffect(() => {
    // On a phone the result lies below the code: what was asked for is brought into sight.
    if (startedAtMs !== null && window.matchMedia(STACKED).matches) pane.current?.scrollIntoView({ block: 'start' });
  }, [startedAtMs]);
  return (
    <section ref={pane} className={classes.pane} aria-label="Result" aria-busy={startedAtMs !== null}>
      <div className={classes.bar}>
        <h2 className={classes.title}>Result</h2>
        <div className={classes.state} role="status">
          {startedAtMs !== null ? (
            <Running sinceMs={startedAtMs} isCancelling={runs.isCancelling} onCancel={runs.cancel} />
          ) : (
            <Ended reply={reply} error={error} />
          )}
        </div>
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard */}
      <div className={classes.content} data-stale={startedAtMs !== null} tabIndex={0}>
        <Content reply={reply} error={error} onFrame={onFrame} untouched={untouched} />
      </div>
    </section>
  );
}

interface RunningProps {
  sinceMs: number;
  isCancelling: boolean;
  onCancel(): void;
}

function Running({ sinceMs, isCancelling, onCancel }: RunningProps) {
  return (
    <>
      <StatusMark status="running" />
      <Figure>
        <Elapsed sinceMs={sinceMs} />
      </Figure>
      <Button
        variant="subtle"
        size="compact-xs"
        onClick={onCancel}
        disabled={isCancelling}
        title="The handler is told to stop; after 1 s its sandbox is killed"
      >
        {isCancelling ? 'Cancelling' : 'Cancel'}
      </Button>
    </>
  );
}

function Ended({ reply, error }: { reply: RunReply | null; error: unknown }) {
  if (error) return <StatusMark status="failed" word="did not run" />;
  if (reply === null) return null;
  const { outcome, attempts } = reply.invocation;
  const handlerMs = attempts.at(-1)?.phases.handlerMs;
  return (
    <>
      <StatusMark status={outcome ?? 'running'} />
      {handlerMs === null || handlerMs === undefined ? null : <Figure>{formatDuration(handlerMs)}</Figure>}
      <span className={classes.kind}>{reply.kind === 'try' ? 'unsaved code' : 'deployed code'}</span>
    </>
  );
}

function Content({
  reply,
  error,
  onFrame,
  untouched,
}: Omit<Props, 'runs'> & { reply: RunReply | null; error: unknown }) {
  if (error) return <ProblemNotice error={error} />;
  if (reply === null) {
    return (
      <p className={classes.hint}>
        <b>Run</b> ({MOD_KEY}+Enter) sends the event to the code as it stands here, saved or not, in a sandbox of its
        own. {untouched}
      </p>
    );
  }
  const { invocation } = reply;
  const attempt = invocation.attempts.at(-1);
  return (
    <>
      {reply.result === null ? null : <ResultText text={reply.result} />}
      {attempt?.error ? (
        <ErrorView error={attempt.error} functionName={invocation.functionName} onFrame={onFrame} />
      ) : null}
      {attempt === undefined ? null : (
        <>
          <Part title="Time">
            <Waterfall attempt={attempt} />
          </Part>
          <Part title="Log">
            <LogLines lines={attempt.logs} isTruncated={attempt.logsTruncated} />
          </Part>
          <Part title="Sandbox">
            <dl className={classes.facts}>
              <Fact name="CPU">{formatDuration(attempt.usage.cpuMs)}</Fact>
              <Fact name="Peak memory">{formatMemory(attempt.usage.maxMemoryMib)}</Fact>
              <Fact name="Isolation">{attempt.receipt?.isolation ?? '–'}</Fact>
              <Fact name="Fence">{attempt.receipt?.fence ?? '–'}</Fact>
              <Fact name="Invocation">
                <Link href={`/invocations/${invocation.id}`}>{invocation.id}</Link>
              </Fact>
            </dl>
          </Part>
        </>
      )}
    </>
  );
}

function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className={classes.part}>
      <h3 className={classes.partTitle}>{title}</h3>
      {children}
    </section>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
