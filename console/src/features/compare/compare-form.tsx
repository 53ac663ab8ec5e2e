import { Button, Checkbox, NumberInput, Textarea } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { COMPARISON_LIMITS } from '../../../../src/domain/comparison.ts';
import { ISOLATIONS, type Isolation } from '../../../../src/domain/names.ts';
import type { IsolationStatus } from '../../shared/api/types.ts';
import classes from './compare-form.module.css';
import type { StartRequest } from './use-comparisons.ts';

interface Props {
  runtime: string;
  isolations: readonly IsolationStatus[];
  isRunning: boolean;
  onStart(request: StartRequest): void;
}

const UNFENCED = 'fences nothing; chosen only by hand';

/** What to compare: isolations that can run the function, how often, and with which event. */
export function CompareForm({ runtime, isolations, isRunning, onStart }: Props) {
  const offers = offersOf(isolations, runtime);
  const [chosen, setChosen] = useState<ReadonlySet<string> | null>(null);
  const [count, setCount] = useState<number | string>(COMPARISON_LIMITS.count.default);
  const [event, setEvent] = useState('{}');
  const usable = offers.filter(({ why }) => why === null).map(({ isolation }) => isolation);
  // Until somebody chooses, what is usable counts, also what turns usable later.
  const wanted = usable.filter((isolation) => chosen?.has(isolation) ?? isolation !== 'process');
  const eventProblem = problemOf(event);
  const isCountFine = typeof count === 'number';

  const submit = (submitted: FormEvent): void => {
    submitted.preventDefault();
    if (isCountFine && eventProblem === null && wanted.length > 0) onStart({ isolations: wanted, count, event });
  };
  const toggle = (isolation: Isolation, isChosen: boolean): void => {
    const next = new Set(wanted);
    if (isChosen) next.add(isolation);
    else next.delete(isolation);
    setChosen(next);
  };
  return (
    <form className={classes.form} onSubmit={submit}>
      <fieldset className={classes.isolations}>
        <legend>Isolations</legend>
        {offers.map(({ isolation, why, hint }) => (
          <Checkbox
            key={isolation}
            label={isolation}
            description={why ?? hint}
            disabled={why !== null}
            checked={wanted.includes(isolation)}
            onChange={(changed) => toggle(isolation, changed.currentTarget.checked)}
          />
        ))}
      </fieldset>
      <Textarea
        label="Event"
        description="the same for every call"
        value={event}
        onChange={(changed) => setEvent(changed.currentTarget.value)}
        error={eventProblem}
        autosize
        minRows={2}
        maxRows={8}
        classNames={{ input: classes.event }}
      />
      <div className={classes.start}>
        <NumberInput
          label="Calls of each start"
          description="cold, claimed and warm"
          value={count}
          onChange={setCount}
          min={COMPARISON_LIMITS.count.min}
          max={COMPARISON_LIMITS.count.max}
          allowDecimal={false}
          clampBehavior="blur"
          error={isCountFine ? null : 'a number from 1 to 100'}
        />
        <Button type="submit" disabled={isRunning || !isCountFine || eventProblem !== null || wanted.length === 0}>
          {isRunning ? 'Comparing …' : 'Compare'}
        </Button>
      </div>
    </form>
  );
}

/** In order of strength; `why` is null where the isolation can run this runtime. */
function offersOf(isolations: readonly IsolationStatus[], runtime: string) {
  const known = ISOLATIONS.flatMap((isolation) => isolations.find((one) => one.isolation === isolation) ?? []);
  return known.map(({ isolation, state, detail, runtimes }) => {
    const isOffered = (runtimes as readonly string[]).includes(runtime);
    const why = state !== 'usable' ? detail : isOffered ? null : `does not offer ${runtime} here`;
    return { isolation, why, hint: isolation === 'process' ? UNFENCED : undefined };
  });
}

function problemOf(event: string): string | null {
  try {
    JSON.parse(event);
    return null;
  } catch {
    return 'not valid JSON';
  }
}
