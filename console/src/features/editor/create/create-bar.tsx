import { Button, TextInput } from '@mantine/core';
import { KeyButton } from '../run/key-button.tsx';
import { MOD_KEY } from '../run/use-panel-keys.ts';
import classes from './create-bar.module.css';

interface Field {
  value: string;
  problem: string | null;
  onType(value: string): void;
}

interface Props {
  name: Field;
  handler: Field;
  isRunning: boolean;
  isCreating: boolean;
  canCreate: boolean;
  /** What stands between this and a function, in a sentence. */
  state: string;
  onCreate(): void;
  onRun(): void;
  onUpload(): void;
  /** Null when nothing was written. */
  onDiscard: (() => void) | null;
}

/** What the function will be called, and what can be done before it is there. */
export function CreateBar({ name, handler, isRunning, isCreating, canCreate, state, ...on }: Props) {
  return (
    <form
      className={classes.bar}
      aria-label="New function"
      onSubmit={(event) => {
        event.preventDefault();
        on.onCreate();
      }}
    >
      <TextField label="Name" className={classes.name} field={name} />
      <TextField label="Handler" className={classes.handler} field={handler} />
      <div className={classes.actions}>
        <KeyButton
          keyName="S"
          type="submit"
          loading={isCreating}
          disabled={!canCreate}
          title={`Deploys it and calls it (${MOD_KEY}+S)`}
        >
          Create and run
        </KeyButton>
        <KeyButton
          keyName="↵"
          variant="default"
          onClick={on.onRun}
          disabled={isRunning}
          title={`Runs the code as it stands here; creates nothing (${MOD_KEY}+Enter)`}
        >
          Run
        </KeyButton>
        <Button
          variant="subtle"
          color="gray"
          onClick={on.onUpload}
          title="Files become its code, a zip the function’s first deploy"
        >
          Upload
        </Button>
        {on.onDiscard === null ? null : (
          <Button variant="subtle" color="gray" onClick={on.onDiscard} title="Back to what this started from">
            Discard changes
          </Button>
        )}
      </div>
      <p className={classes.state} role="status">
        {state}
      </p>
    </form>
  );
}

function TextField({ label, className, field }: { label: string; className: string | undefined; field: Field }) {
  return (
    <TextInput
      label={label}
      className={className}
      value={field.value}
      onChange={(event) => field.onType(event.currentTarget.value)}
      error={field.problem}
      autoComplete="off"
      spellCheck={false}
    />
  );
}
