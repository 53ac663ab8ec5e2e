import { Button, Switch } from '@mantine/core';
import { formatDuration } from '../../../shared/format/figures.ts';
import type { Draft } from '../draft/use-draft.ts';
import { KeyButton } from '../run/key-button.tsx';
import { MOD_KEY } from '../run/use-panel-keys.ts';
import classes from './toolbar.module.css';
import type { Save } from './use-save.ts';

interface Props {
  isRunning: boolean;
  draft: Draft;
  save: Save;
  onRun(): void;
  onDeploy(): void;
  onUpload(): void;
  onDiscard(): void;
}

export function Toolbar({ isRunning, draft, save, onRun, onDeploy, onUpload, onDiscard }: Props) {
  const { isDirty, base } = draft.snapshot;
  return (
    <div className={classes.bar} role="toolbar" aria-label="Code">
      <KeyButton
        keyName="↵"
        onClick={onRun}
        disabled={isRunning}
        title={`Runs the code as it stands here; deploys nothing (${MOD_KEY}+Enter)`}
      >
        Run
      </KeyButton>
      <KeyButton
        keyName="S"
        variant="default"
        onClick={onDeploy}
        loading={save.isBusy}
        title={`Makes this the code that callers get (${MOD_KEY}+S)`}
      >
        Deploy
      </KeyButton>
      <Button
        variant="subtle"
        color="gray"
        onClick={onUpload}
        title="Files are added to the draft, a zip is deployed as it is"
      >
        Upload
      </Button>
      {isDirty ? (
        <Button
          variant="subtle"
          color="gray"
          onClick={onDiscard}
          title={`Back to revision ${base.revisionNumber}, as it is deployed`}
        >
          Discard draft
        </Button>
      ) : null}
      <p className={classes.state} role="status">
        <StateWords draft={draft} save={save} />
      </p>
      <Switch
        checked={save.callsAfter}
        onChange={(event) => save.setCallsAfter(event.currentTarget.checked)}
        label="Call after deploy"
        title="After a deploy the function is called once with the event shown, and the time to its reply is measured"
      />
    </div>
  );
}

function StateWords({ draft, save }: { draft: Draft; save: Save }) {
  const { isDirty, base } = draft.snapshot;
  const { last } = save;
  if (isDirty) {
    if (draft.kept === 'too_large') return 'Not deployed; too large to be kept in this browser.';
    if (draft.kept === 'refused') return 'Not deployed; this browser keeps no drafts.';
    return 'Not deployed; draft kept in this browser.';
  }
  if (last === null) return `Revision ${base.revisionNumber}, as deployed.`;
  const what = last.hasChanged
    ? `Deployed revision ${last.revisionNumber}`
    : `Already deployed as revision ${last.revisionNumber}`;
  if (last.firstReplyMs === null) return `${what} in ${formatDuration(last.tookMs)}.`;
  return (
    <>
      {what}; first reply after <b>{formatDuration(last.firstReplyMs)}</b>.
    </>
  );
}
