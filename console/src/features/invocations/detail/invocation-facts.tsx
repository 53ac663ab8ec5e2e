import type { ReactNode } from 'react';
import { Link } from 'wouter';
import type { Attempt, Invocation } from '../../../shared/api/types.ts';
import { CopyButton } from '../../../shared/controls/copy-button.tsx';
import { formatBytes, formatDuration, formatMemory } from '../../../shared/format/figures.ts';
import { formatInstant } from '../../../shared/format/instants.ts';
import classes from './detail.module.css';

/** Name and value pairs, dense. */
export function Facts({ facts, label }: { facts: Readonly<Record<string, ReactNode>>; label: string }) {
  return (
    <dl className={classes.facts} aria-label={label}>
      {Object.entries(facts).map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

export function InvocationFacts({ invocation }: { invocation: Invocation }) {
  const { functionName } = invocation;
  return (
    <Facts
      label="Invocation"
      facts={{
        function: <Link href={`/functions/${encodeURIComponent(functionName)}`}>{functionName}</Link>,
        started: formatInstant(invocation.startedAt),
        duration: formatDuration(invocation.durationMs),
        trigger: `${invocation.trigger}, ${invocation.mode}`,
        event: formatBytes(invocation.eventBytes),
        result: invocation.resultBytes === null ? '–' : formatBytes(invocation.resultBytes),
        id: (
          <span className={classes.id}>
            <code>{invocation.id}</code> <CopyButton text={invocation.id} label="Copy id" />
          </span>
        ),
      }}
    />
  );
}

/** What an attempt used, and how that was measured. */
export function UsageFacts({ attempt }: { attempt: Attempt }) {
  const { usage } = attempt;
  const shared = usage.shared ? ', shared with calls beside it' : '';
  const scope = usage.peakScope === 'sandbox' ? ' in the sandbox’s life' : '';
  return (
    <Facts
      label="Used"
      facts={{
        'CPU time': `${formatDuration(usage.cpuMs)}${shared}`,
        'peak memory': `${formatMemory(usage.maxMemoryMib)}${scope}${shared}`,
        'measured by': usage.source ?? 'could not be measured',
        sandbox: attempt.sandboxId ?? '–',
        revision: attempt.revisionId,
      }}
    />
  );
}
