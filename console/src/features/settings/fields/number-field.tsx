import { TextInput } from '@mantine/core';
import { boundsText, type NumberName } from '../form/settings-values.ts';
import type { SettingsForm } from '../form/use-settings-form.ts';

interface Props {
  form: SettingsForm;
  name: NumberName;
  label: string;
  unit: string;
}

/** A number with its unit and bounds; emptied, it goes back to its default. */
export function NumberField({ form, name, label, unit }: Props) {
  return (
    <TextInput
      label={unit === '' ? label : `${label}, ${unit}`}
      description={boundsText(name)}
      inputMode="decimal"
      value={form.values[name]}
      onChange={(event) => form.set({ [name]: event.currentTarget.value })}
      error={form.problemAt(`/${name}`)}
      autoComplete="off"
    />
  );
}
