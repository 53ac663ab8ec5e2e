import type { ReactNode } from 'react';
import { visibleText } from '../../../../../src/domain/visible-text.ts';
import { indentedJson } from '../../../shared/attempt/indented-json.ts';
import { CopyButton } from '../../../shared/controls/copy-button.tsx';
import classes from './detail.module.css';

interface Props {
  title: string;
  /** JSON text as captured; null when it was not. */
  text: string | null;
  /** Why there may be none. */
  children: ReactNode;
}

/** A captured event or result: indented for reading, copied as it was. */
export function Payload({ title, text, children }: Props) {
  return (
    <section className={classes.payload}>
      <h2 className={classes.heading}>
        {title} {text === null ? null : <CopyButton text={text} label={`Copy ${title.toLowerCase()}`} />}
      </h2>
      {text === null ? (
        <p className={classes.note}>{children}</p>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reachable by keyboard
        <pre className={classes.text} tabIndex={0}>
          {visibleText(indentedJson(text), true)}
        </pre>
      )}
    </section>
  );
}
