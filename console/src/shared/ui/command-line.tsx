import classes from './command-line.module.css';
import { CopyButton } from './copy-button.tsx';

/** A command to copy into a terminal. */
export function CommandLine({ command }: { command: string }) {
  return (
    <div className={classes.line}>
      <pre className={classes.text}>
        <code>{command}</code>
      </pre>
      <CopyButton text={command} label="Copy command" />
    </div>
  );
}
