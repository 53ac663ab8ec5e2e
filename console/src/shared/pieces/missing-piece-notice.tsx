import { Button, Group } from '@mantine/core';
import classes from '../page/problem-notice.module.css';
import type { MissingReason } from './missing-piece.ts';

const WORDS: Record<MissingReason, string> = {
  updated: 'The console was updated on the server, and this page is still the version before.',
  unreachable: 'The server did not answer. It may be restarting, or this computer is offline.',
  unknown: 'The server answers, but this part did not arrive.',
};

/** Says what is missing and why. A reload brings it, and what was typed stays. */
export function MissingPieceNotice({ reason, onRetry }: { reason: MissingReason; onRetry(): void }) {
  return (
    <div className={classes.notice} role="alert">
      <p className={classes.title}>A part of the console could not be loaded</p>
      <p className={classes.detail}>{WORDS[reason]}</p>
      <p className={classes.advice}>Drafts are kept in this browser and are here again after a reload.</p>
      <Group gap="xs">
        <Button size="compact-sm" onClick={() => window.location.reload()}>
          Reload
        </Button>
        {reason === 'updated' ? null : (
          <Button size="compact-sm" variant="default" onClick={onRetry}>
            Try again
          </Button>
        )}
      </Group>
    </div>
  );
}
