import { Progress } from '@mantine/core';
import type { Platform } from '../../shared/api/types.ts';
import { formatPercent } from '../../shared/format/figures.ts';
import { Prose } from '../../shared/page/prose.tsx';
import { Section } from '../../shared/page/section.tsx';
import classes from './preparing-panel.module.css';

/** Shown only while something is being made ready. */
export function PreparingPanel({ preparing }: { preparing: Platform['preparing'] }) {
  if (preparing.length === 0) return null;
  return (
    <Section title="Being prepared">
      {preparing.map(({ name, detail, progress }) => (
        <div key={name} className={classes.item}>
          <span>
            <b>{name}</b> <Prose text={detail} />
          </span>
          {progress === null ? null : (
            <>
              <span className={classes.share}>{formatPercent(progress)}</span>
              <Progress className={classes.bar} value={progress * 100} size="xs" aria-label={`Preparing ${name}`} />
            </>
          )}
        </div>
      ))}
    </Section>
  );
}
