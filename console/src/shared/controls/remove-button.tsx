import { ActionIcon } from '@mantine/core';

/** Takes a row out of a form. */
export function RemoveButton({ label, onClick }: { label: string; onClick(): void }) {
  return (
    <ActionIcon variant="subtle" color="gray" aria-label={label} onClick={onClick}>
      <svg viewBox="0 0 16 16" width="12" height="12" stroke="currentColor" strokeWidth="1.6" aria-hidden="true">
        <path d="M3 3l10 10M13 3L3 13" strokeLinecap="round" />
      </svg>
    </ActionIcon>
  );
}
