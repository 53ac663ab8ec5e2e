import { ActionIcon, Tooltip } from '@mantine/core';
import { useClipboard } from '@mantine/hooks';

const SHOWN_MS = 1_500;

/** Copies `text`; `label` says what is copied. */
export function CopyButton({ text, label }: { text: string; label: string }) {
  const clipboard = useClipboard({ timeout: SHOWN_MS });
  const word = clipboard.copied ? 'Copied' : label;
  return (
    <Tooltip label={word} openDelay={300}>
      <ActionIcon variant="subtle" color="gray" size="sm" aria-label={word} onClick={() => clipboard.copy(text)}>
        <svg viewBox="0 0 16 16" width="14" height="14" fill="none" stroke="currentColor" aria-hidden="true">
          {clipboard.copied ? (
            <path d="M3 8.5l3.2 3L13 4.5" strokeWidth="1.6" strokeLinecap="round" strokeLinejoin="round" />
          ) : (
            <path d="M5.5 5.5h7v8h-7zM3.5 10.5h-1v-8h7v1" strokeWidth="1.2" strokeLinejoin="round" />
          )}
        </svg>
      </ActionIcon>
    </Tooltip>
  );
}
