import { Button, TextInput } from '@mantine/core';
import { useRef } from 'react';
import { RemoveButton } from '../../../shared/controls/remove-button.tsx';
import type { EnvRow } from '../form/env-rows.ts';
import type { SettingsForm } from '../form/use-settings-form.ts';
import classes from './rows-field.module.css';

/** What people say of a function, by name and value. */
export function TagsField({ form }: { form: SettingsForm }) {
  const added = useRef(0);
  const { tags } = form.values;
  const change = (key: string, part: Partial<EnvRow>): void =>
    form.set({ tags: tags.map((row) => (row.key === key ? { ...row, ...part } : row)) });
  const add = (): void =>
    form.set({ tags: [...tags, { key: ` ${++added.current}`, name: '', value: '', kind: 'plain' }] });
  return (
    <div className={classes.rows}>
      {tags.length === 0 ? <p className={classes.none}>No tags yet.</p> : null}
      {tags.map(({ key, name, value }) => (
        <div key={key} className={classes.tag}>
          <TextInput
            aria-label="Name of the tag"
            placeholder="team"
            value={name}
            onChange={(event) => change(key, { name: event.currentTarget.value })}
            error={form.problemAt(`/tags/${key}`) ?? form.problemAt(`/tags/${name}`)}
            spellCheck={false}
            autoComplete="off"
          />
          <TextInput
            aria-label={`Value of the tag ${name}`}
            value={value}
            onChange={(event) => change(key, { value: event.currentTarget.value })}
            spellCheck={false}
            autoComplete="off"
          />
          <RemoveButton
            label={`Remove the tag ${name}`}
            onClick={() => form.set({ tags: tags.filter((row) => row.key !== key) })}
          />
        </div>
      ))}
      {form.problemAt('/tags') ? <p className={classes.problem}>{form.problemAt('/tags')}</p> : null}
      <div>
        <Button variant="default" onClick={add}>
          Add a tag
        </Button>
      </div>
    </div>
  );
}
