import { Button } from '@mantine/core';
import { ProblemNotice } from '../../../shared/page/problem-notice.tsx';
import type { Draft } from '../draft/use-draft.ts';
import classes from './notices.module.css';
import type { Save } from './use-save.ts';

interface Props {
  draft: Draft;
  save: Save;
  /** Dropped files that could not be taken. */
  refused: readonly string[];
  onRefusedSeen(): void;
}

/** What stands between the draft and a deploy. */
export function Notices({ draft, save, refused, onRefusedSeen }: Props) {
  return (
    <>
      {draft.elsewhere ? (
        <div className={classes.notice} role="alert">
          <p>
            <b>Revision {draft.elsewhere.revisionNumber} was deployed elsewhere</b> while you have a draft of another
            one. Nothing was overwritten.
          </p>
          <Button variant="default" size="compact-sm" onClick={save.compare}>
            Compare
          </Button>
        </div>
      ) : null}
      {save.error ? <ProblemNotice error={save.error} /> : null}
      <RefusedFiles lines={refused} onSeen={onRefusedSeen} />
    </>
  );
}

/** Dropped files that could not be taken, and what to do with them. */
export function RefusedFiles({ lines, onSeen }: { lines: readonly string[]; onSeen(): void }) {
  if (lines.length === 0) return null;
  return (
    <div className={classes.notice} role="alert">
      <ul className={classes.list}>
        {lines.map((line) => (
          <li key={line}>{line}</li>
        ))}
      </ul>
      <Button variant="default" size="compact-sm" onClick={onSeen}>
        Close
      </Button>
    </div>
  );
}
