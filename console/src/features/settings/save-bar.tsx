import { Button } from '@mantine/core';
import { ProblemNotice } from '../../shared/page/problem-notice.tsx';
import type { SettingsForm } from './form/use-settings-form.ts';
import classes from './save-bar.module.css';

/** Stays in sight while there is something to save. */
export function SaveBar({ form }: { form: SettingsForm }) {
  const { changed, error } = form;
  const hasChanges = changed.length > 0 || form.hasProblems;
  return (
    <div className={classes.bar} data-shown={hasChanges || error !== null}>
      {error && !form.isErrorAtFields ? <ProblemNotice error={error} /> : null}
      <div className={classes.line}>
        <Button type="submit" loading={form.isSaving} disabled={!form.canSave}>
          Save
        </Button>
        {hasChanges ? (
          <Button variant="subtle" color="gray" onClick={form.reset}>
            Undo all
          </Button>
        ) : null}
        <p className={classes.words} role="status">
          {words(form)}
        </p>
      </div>
    </div>
  );
}

function words({ changed, hasProblems, isErrorAtFields, savedRevision }: SettingsForm): string | null {
  if (hasProblems) return 'Cannot be saved yet: see the marked fields.';
  if (isErrorAtFields) return 'Not saved: see the marked fields.';
  if (changed.length > 0) return `Changes ${changed.join(', ')}.`;
  return savedRevision === null ? null : `Saved as revision ${savedRevision}.`;
}
