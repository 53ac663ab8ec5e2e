import classes from './command-line.module.css';
import { CopyButton } from './copy-button.tsx';

/** A command to copy into a terminal; `label` says what is copied when it is something else. */
export function CommandLine({ command, label = 'Copy command' }: { command: string; label?: string }) {
  return (
    <div className={classes.line}>
      <pre className={classes.text}>
        <code>{command}</code>
      </pre>
      <CopyButton text={command} label={label} />
    </div>
  );
}
