import { ActionIcon, type ActionIconProps, type ElementProps } from '@mantine/core';
import type { Ref } from 'react';

interface Props extends ActionIconProps, ElementProps<'button', keyof ActionIconProps> {
  /** What it opens, e.g. `Actions of hello`. */
  label: string;
  ref?: Ref<HTMLButtonElement>;
}

/** Three dots that open a menu: a menu's target, which hands it its own properties. */
export function MoreButton({ label, ...props }: Props) {
  return (
    <ActionIcon variant="subtle" color="gray" size="sm" {...props} aria-label={label}>
      <svg viewBox="0 0 16 16" width="13" height="13" fill="currentColor" aria-hidden="true">
        <circle cx="3" cy="8" r="1.35" />
        <circle cx="8" cy="8" r="1.35" />
        <circle cx="13" cy="8" r="1.35" />
      </svg>
    </ActionIcon>
  );
}
