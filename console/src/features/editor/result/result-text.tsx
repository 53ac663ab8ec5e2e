import { useMemo } from 'react';
import { visibleText } from '../../../../../src/domain/visible-text.ts';
import { indentedJson } from '../../../shared/attempt/indented-json.ts';
import { CopyButton } from '../../../shared/controls/copy-button.tsx';
import { formatBytes } from '../../../shared/format/figures.ts';
import classes from './result-text.module.css';

/** A page with megabytes of text in it is slow; copying gives all of it. */
const SHOWN_MAX_CHARS = 100_000;

/** What the handler returned, indented where it is JSON. */
export function ResultText({ text }: { text: string }) {
  const indented = useMemo(() => indentedJson(text), [text]);
  const isCut = indented.length > SHOWN_MAX_CHARS;
  return (
    <div className={classes.result}>
      <div className={classes.copy}>
        <CopyButton text={indented} label="Copy result" />
      </div>
      <pre className={classes.text} data-testid="result">
        {text === '' ? <i>An empty text.</i> : visibleText(indented.slice(0, SHOWN_MAX_CHARS), true)}
      </pre>
      {isCut ? (
        <p className={classes.note}>
          The first {formatBytes(SHOWN_MAX_CHARS)} of {formatBytes(indented.length)} are shown; Copy gives all of it.
        </p>
      ) : null}
    </div>
  );
}
