import { Button, Checkbox, CloseButton, NativeSelect } from '@mantine/core';
import type { ReactNode } from 'react';
import { INVOCATION_STATES, OUTCOMES, STARTS } from '../../../../../src/domain/names.ts';
import { FunctionPicker } from '../../../shared/controls/function-picker.tsx';
import { formatDate, formatInstant } from '../../../shared/format/instants.ts';
import classes from './filter-bar.module.css';
import { type Filters, isFiltered, NO_FILTERS, SPANS } from './list-filters.ts';

/** Refused calls are counted, not recorded: the list never holds them. */
const LISTED_OUTCOMES = OUTCOMES.filter((outcome) => outcome !== 'throttled' && outcome !== 'rejected');

interface Props {
  filters: Filters;
  set(patch: Partial<Filters>): void;
  /** The list of one function has no choice of functions. */
  hasFunctions: boolean;
  /** What ran and how narrows the list, not the groups of errors. */
  hasChoices: boolean;
  /** At the right. */
  children: ReactNode;
}

export function FilterBar({ filters, set, hasFunctions, hasChoices, children }: Props) {
  const hasRange = filters.from !== '' || filters.to !== '';
  return (
    // biome-ignore lint/a11y/useSemanticElements: a search landmark says what these are for
    <div className={classes.bar} role="search" aria-label="Filters">
      {hasFunctions ? <FunctionPicker value={filters.function} onChange={(name) => set({ function: name })} /> : null}
      {hasChoices ? (
        <>
          <Choice
            label="Outcome"
            any="Any outcome"
            values={['failed', ...LISTED_OUTCOMES]}
            value={filters.outcome}
            set={(outcome) => set({ outcome })}
          />
          <Choice label="Start" any="Any start" values={STARTS} value={filters.start} set={(start) => set({ start })} />
          <Choice
            label="State"
            any="Any state"
            values={INVOCATION_STATES}
            value={filters.state}
            set={(state) => set({ state })}
          />
        </>
      ) : null}
      <Checkbox
        size="xs"
        label="Tried drafts too"
        checked={filters.tried !== ''}
        onChange={(event) => set({ tried: event.currentTarget.checked ? 'yes' : '' })}
      />
      {hasRange ? (
        <span className={classes.range}>
          {rangeWords(filters)}
          <CloseButton size="xs" aria-label="Any time" onClick={() => set({ from: '', to: '' })} />
        </span>
      ) : (
        <NativeSelect
          aria-label="Time"
          value={filters.within}
          onChange={(event) => set({ within: event.currentTarget.value })}
          data={[{ value: '', label: 'Any time' }, ...SPANS.map(({ value, label }) => ({ value, label }))]}
        />
      )}
      {isFiltered(filters) ? (
        <Button
          variant="subtle"
          color="gray"
          size="compact-sm"
          onClick={() => set({ ...NO_FILTERS, view: filters.view })}
        >
          Clear
        </Button>
      ) : null}
      <span className={classes.aside}>{children}</span>
    </div>
  );
}

/** A range within one day names it once. */
function rangeWords({ from, to }: Filters): string {
  if (from === '') return `until ${formatInstant(to)}`;
  if (to === '') return `from ${formatInstant(from)}`;
  const [end, day] = [formatInstant(to), formatDate(to)];
  return `${formatInstant(from)} – ${day === formatDate(from) ? end.slice(day.length + 1) : end}`;
}

interface ChoiceProps {
  label: string;
  any: string;
  values: readonly string[];
  value: string;
  set(value: string): void;
}

function Choice({ label, any, values, value, set }: ChoiceProps) {
  return (
    <NativeSelect
      aria-label={label}
      value={value}
      onChange={(event) => set(event.currentTarget.value)}
      data={[{ value: '', label: any }, ...values.map((one) => ({ value: one, label: one }))]}
    />
  );
}
