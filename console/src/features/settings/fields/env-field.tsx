import { Button, PasswordInput, Select, TextInput } from '@mantine/core';
import { useRef } from 'react';
import { RemoveButton } from '../../../shared/controls/remove-button.tsx';
import type { EnvRow } from '../form/env-rows.ts';
import type { SettingsForm } from '../form/use-settings-form.ts';
import classes from './rows-field.module.css';

const KINDS = [
  { value: 'plain', label: 'plain' },
  { value: 'secret', label: 'secret' },
];

/** Environment variables; a secret is kept encrypted and never shown again, only replaced or removed. */
export function EnvField({ form }: { form: SettingsForm }) {
  const added = useRef(0);
  const { env } = form.values;
  const change = (key: string, part: Partial<EnvRow>): void =>
    form.set({ env: env.map((row) => (row.key === key ? { ...row, ...part } : row)) });
  return (
    <div className={classes.rows}>
      {env.length === 0 ? <p className={classes.none}>No variables yet.</p> : null}
      {env.map((row) => (
        <div key={row.key} className={classes.row}>
          <TextInput
            aria-label="Name of the variable"
            placeholder="NAME"
            value={row.name}
            // A stored secret of another name would be another secret, whose value is not known here.
            readOnly={row.kind === 'stored'}
            onChange={(event) => change(row.key, { name: event.currentTarget.value })}
            error={form.problemAt(`/env/${row.key}`) ?? form.problemAt(`/env/${row.name}`)}
            spellCheck={false}
            autoComplete="off"
          />
          <EnvValue row={row} onChange={(part) => change(row.key, part)} />
          <RemoveButton
            label={`Remove ${row.name || 'the variable'}`}
            onClick={() => form.set({ env: env.filter(({ key }) => key !== row.key) })}
          />
        </div>
      ))}
      {form.problemAt('/env') ? <p className={classes.problem}>{form.problemAt('/env')}</p> : null}
      <div>
        <Button
          variant="default"
          onClick={() =>
            form.set({ env: [...env, { key: ` ${++added.current}`, name: '', value: '', kind: 'plain' }] })
          }
        >
          Add a variable
        </Button>
      </div>
    </div>
  );
}

function EnvValue({ row, onChange }: { row: EnvRow; onChange(part: Partial<EnvRow>): void }) {
  const label = `Value of ${row.name || 'the variable'}`;
  if (row.kind === 'stored')
    return (
      <div className={classes.stored}>
        <span>•••••••• stored secret</span>
        <Button variant="default" size="compact-sm" onClick={() => onChange({ kind: 'secret', value: '' })}>
          Replace
        </Button>
      </div>
    );
  const props = {
    'aria-label': label,
    value: row.value,
    onChange: (event: { currentTarget: { value: string } }) => onChange({ value: event.currentTarget.value }),
    autoComplete: 'off',
    className: classes.value,
  };
  return (
    <div className={classes.valued}>
      {row.kind === 'secret' ? <PasswordInput {...props} autoComplete="new-password" /> : <TextInput {...props} />}
      <Select
        aria-label={`Kind of ${row.name || 'the variable'}`}
        data={KINDS}
        value={row.kind}
        onChange={(kind) => onChange({ kind: kind === 'secret' ? 'secret' : 'plain' })}
        allowDeselect={false}
        w={90}
      />
    </div>
  );
}
