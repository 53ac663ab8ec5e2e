import { Link } from 'wouter';
import type { FunctionError } from '../../../../src/domain/invocation.ts';
import { visibleText } from '../../../../src/domain/visible-text.ts';
import { type AuthorFrame, authorFrame, frameHref } from './author-frame.ts';
import classes from './error-view.module.css';

/** A trace of deep recursion has thousands of lines; both ends tell. */
const FRAMES_MAX = 50;
const MESSAGE_MAX_CHARS = 4_000;

interface Props {
  error: FunctionError;
  functionName: string;
  /** Shows a place in the editor on this page; without it a frame is a link to the editor. */
  onFrame?: (frame: AuthorFrame) => void;
}

/** What the function threw, with the author's own lines as ways into the editor. */
export function ErrorView({ error, functionName, onFrame }: Props) {
  // Node's traces repeat type and message as their first line.
  const lines = error.stackTrace.filter((line) => !line.startsWith(`${error.errorType}: `));
  const shown = lines.slice(0, FRAMES_MAX);
  return (
    <div className={classes.error}>
      <p className={classes.message}>
        <b>{visibleText(error.errorType.slice(0, MESSAGE_MAX_CHARS), true)}</b>{' '}
        {visibleText(error.errorMessage.slice(0, MESSAGE_MAX_CHARS), true)}
        {error.errorMessage.length > MESSAGE_MAX_CHARS ? ' … (cut)' : null}
      </p>
      {shown.length === 0 ? null : (
        <ol className={classes.trace} aria-label="Stack trace">
          {shown.map((line, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: equal lines are told apart by nothing else, and none move
            <li key={index}>
              <TraceLine line={line} functionName={functionName} onFrame={onFrame} />
            </li>
          ))}
        </ol>
      )}
      {lines.length > FRAMES_MAX ? <p className={classes.more}>… {lines.length - FRAMES_MAX} more lines</p> : null}
    </div>
  );
}

function TraceLine({ line, functionName, onFrame }: { line: string } & Omit<Props, 'error'>) {
  const text = visibleText(
    line.slice(0, MESSAGE_MAX_CHARS).trim().replaceAll('file:///var/task/', '').replaceAll('/var/task/', ''),
    true,
  );
  const frame = authorFrame(line);
  if (frame === null) return <span className={classes.foreign}>{text}</span>;
  const title = `Show line ${frame.line} of ${frame.file} in the editor`;
  if (onFrame === undefined)
    return (
      <Link href={frameHref(functionName, frame)} className={classes.frame} title={title}>
        {text}
      </Link>
    );
  return (
    <button type="button" className={classes.frame} title={title} onClick={() => onFrame(frame)}>
      {text}
    </button>
  );
}
