import { Button, type ButtonProps, type ElementProps } from '@mantine/core';
import classes from './key-button.module.css';
import { MOD_KEY } from './use-panel-keys.ts';

interface Props extends ButtonProps, ElementProps<'button', keyof ButtonProps> {
  /** Pressed with Ctrl or Cmd it does the same. */
  keyName: string;
}

/** A button that names its key, where there are keys. */
export function KeyButton({ keyName, children, ...props }: Props) {
  return (
    <Button {...props}>
      {children}
      <kbd className={classes.key}>
        {MOD_KEY} {keyName}
      </kbd>
    </Button>
  );
}
