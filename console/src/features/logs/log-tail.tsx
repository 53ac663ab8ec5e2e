import { Button, NativeSelect, TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { useState } from 'react';
import { FunctionPicker } from '../../shared/controls/function-picker.tsx';
import { formatCount } from '../../shared/format/figures.ts';
import { EmptyState } from '../../shared/page/empty-state.tsx';
import { useUrlState } from '../../shared/url/use-url-state.ts';
import { LiveMark } from '../../shared/values/live-mark.tsx';
import { type LogFilters, logFilters, NO_LOG_FILTERS } from './log-filters.ts';
import { LogRows } from './log-rows.tsx';
import classes from './log-tail.module.css';
import { useLogTail } from './use-log-tail.ts';

const TYPING_MS = 300;
const LEVELS = [
  { value: '', label: 'Any level' },
  { value: 'info', label: 'Info and above' },
  { value: 'warn', label: 'Warnings and errors' },
  { value: 'error', label: 'Errors' },
];

/** What functions print, as they print it; of one function (its earlier lines first) or of all (null). */
export function LogTail({ functionName }: { functionName: string | null }) {
  const [state, setState] = useUrlState(NO_LOG_FILTERS);
  const filters = logFilters(state, functionName);
  const tail = useLogTail(filters);
  const { buffer } = tail;
  return (
    <>
      {/* biome-ignore lint/a11y/useSemanticElements: a search landmark says what these are for */}
      <div className={classes.bar} role="search" aria-label="Filters">
        {functionName === null ? (
          <FunctionPicker value={filters.function} onChange={(name) => setState({ function: name })} />
        ) : null}
        <ContainsInput value={filters.contains} onChange={(contains) => setState({ contains })} />
        <NativeSelect
          aria-label="Level"
          data={LEVELS}
          value={filters.level}
          onChange={(event) => setState({ level: event.currentTarget.value })}
        />
        <Button variant="default" aria-pressed={tail.isPaused} onClick={() => tail.setPaused(!tail.isPaused)}>
          {tail.isPaused ? 'Resume' : 'Pause'}
        </Button>
        <Button variant="subtle" color="gray" onClick={tail.clear} disabled={buffer.lines.length === 0}>
          Clear
        </Button>
        <span className={classes.aside} role="status">
          {tail.isPaused ? `paused, ${formatCount(tail.waiting)} new` : `${formatCount(buffer.lines.length)} lines`}
          {buffer.dropped > 0 ? ', older ones given up' : null}
        </span>
        <LiveMark state={tail.live} />
      </div>
      {buffer.lines.length === 0 ? (
        <NothingYet filters={filters} isOpen={tail.live === 'open'} />
      ) : (
        <LogRows lines={buffer.lines} hasFunctions={filters.function === ''} />
      )}
    </>
  );
}

/** Typing asks the server only when it rests. */
function ContainsInput({ value, onChange }: { value: string; onChange(value: string): void }) {
  const [typed, setTyped] = useState(value);
  const [asked, setAsked] = useState(value);
  if (asked !== value) {
    setAsked(value);
    setTyped(value);
  }
  const ask = useDebouncedCallback(onChange, TYPING_MS);
  return (
    <TextInput
      aria-label="Text in a line"
      placeholder="Text in a line"
      maxLength={256}
      value={typed}
      onChange={(event) => {
        setTyped(event.currentTarget.value);
        ask(event.currentTarget.value);
      }}
    />
  );
}

function NothingYet({ filters, isOpen }: { filters: LogFilters; isOpen: boolean }) {
  const name = filters.function || 'my-function';
  if (!isOpen) return <EmptyState title="Connecting">The lines appear when the connection is there.</EmptyState>;
  if (filters.contains !== '' || filters.level !== '')
    return (
      <EmptyState title="No line fits these filters">
        New ones that do appear here. Take away the text or the level to see the others.
      </EmptyState>
    );
  return (
    <EmptyState title="Waiting for lines" command={`coldframe invoke ${name} --event '{"name": "Ada"}'`}>
      What functions print appears here when a call ends.{' '}
      {filters.function === '' ? 'Pick a function to see what it printed earlier.' : 'Nothing it printed is kept.'}
    </EmptyState>
  );
}
