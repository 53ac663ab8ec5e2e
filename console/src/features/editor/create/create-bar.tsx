import { Button, TextInput } from '@mantine/core';
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
      <TextInput
        label="Name"
        className={classes.name}
        value={name.value}
        onChange={(event) => name.onType(event.currentTarget.value)}
        error={name.problem}
        autoComplete="off"
        spellCheck={false}
      />
      <TextInput
        label="Handler"
        className={classes.handler}
        value={handler.value}
        onChange={(event) => handler.onType(event.currentTarget.value)}
        error={handler.problem}
        autoComplete="off"
        spellCheck={false}
      />
      <div className={classes.actions}>
        <Button
          type="submit"
          loading={isCreating}
          disabled={!canCreate}
          title={`Deploys it and calls it (${MOD_KEY}+S)`}
        >
          Create and run
          <kbd className={classes.key}>{MOD_KEY} S</kbd>
        </Button>
        <Button
          variant="default"
          onClick={on.onRun}
          disabled={isRunning}
          title={`Runs the code as it stands here; creates nothing (${MOD_KEY}+Enter)`}
        >
          Run
          <kbd className={classes.key}>{MOD_KEY} ↵</kbd>
        </Button>
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
