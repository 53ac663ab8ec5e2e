import { NativeSelect, Textarea, TextInput } from '@mantine/core';
import type { ColdframeFunction } from '../../../shared/api/types.ts';
import { type AsyncNumber, type AsyncValues, asyncBoundsText, type DestinationValues } from '../form/async-values.ts';
import type { SettingsForm } from '../form/use-settings-form.ts';

const NUMBERS: readonly { name: AsyncNumber; label: string }[] = [
  { name: 'maxAttempts', label: 'Attempts' },
  { name: 'maxAgeMs', label: 'Oldest event, ms' },
  { name: 'backoffMs', label: 'Wait before the first retry, ms' },
  { name: 'maxConcurrency', label: 'Most asynchronous calls at once' },
];
const KINDS = [
  { value: 'none', label: 'nowhere' },
  { value: 'function', label: 'to a function' },
  { value: 'url', label: 'to an address' },
];

/** What becomes of calls that nobody waits for: retries, and where their end is told. */
export function AsyncFields({ form, fn }: { form: SettingsForm; fn: ColdframeFunction }) {
  const { async } = form.values;
  const set = (part: Partial<AsyncValues>): void => form.set({ async: { ...async, ...part } });
  return (
    <>
      {NUMBERS.map(({ name, label }) => (
        <TextInput
          key={name}
          label={label}
          description={asyncBoundsText(name, fn)}
          inputMode="numeric"
          value={async[name]}
          onChange={(event) => set({ [name]: event.currentTarget.value })}
          error={form.problemAt(`/async/${name}`)}
          autoComplete="off"
        />
      ))}
      <Textarea
        label="Error types that are not retried"
        description="One a line"
        placeholder="CardDeclined"
        autosize
        minRows={1}
        maxRows={6}
        value={async.nonRetryable}
        onChange={(event) => set({ nonRetryable: event.currentTarget.value })}
        error={form.problemAt('/async/nonRetryable')}
        spellCheck={false}
      />
      <DestinationField
        title="After success, send the result"
        value={async.onSuccess}
        problem={form.problemAt('/async/onSuccess') ?? form.problemAt('/async/onSuccess/function')}
        onChange={(onSuccess) => set({ onSuccess })}
      />
      <DestinationField
        title="After failure, send what failed"
        value={async.onFailure}
        problem={form.problemAt('/async/onFailure') ?? form.problemAt('/async/onFailure/function')}
        onChange={(onFailure) => set({ onFailure })}
      />
    </>
  );
}

interface DestinationProps {
  title: string;
  value: DestinationValues;
  problem: string | null;
  onChange(value: DestinationValues): void;
}

function DestinationField({ title, value, problem, onChange }: DestinationProps) {
  const isUrl = value.kind === 'url';
  return (
    <div>
      <NativeSelect
        label={title}
        data={KINDS}
        value={value.kind}
        onChange={(event) => onChange({ ...value, kind: event.currentTarget.value as DestinationValues['kind'] })}
        error={value.kind === 'none' ? problem : null}
      />
      {value.kind === 'none' ? null : (
        <TextInput
          aria-label={`${title}: ${isUrl ? 'address' : 'function'}`}
          placeholder={isUrl ? 'https://hooks.example.org/ended' : 'name of a function'}
          value={value.target}
          onChange={(event) => onChange({ ...value, target: event.currentTarget.value })}
          error={problem}
          spellCheck={false}
          autoComplete="off"
        />
      )}
    </div>
  );
}
