import { useCallback, useState } from 'react';
import { loadEventText, saveEventText } from '../draft/saved-draft.ts';

const EMPTY = '{}';

/** The text of the event panel, kept in the browser with the function. */
export function useEventText(functionId: string) {
  const [text, setText] = useState(() => loadEventText(functionId));
  const onText = useCallback(
    (next: string) => {
      setText(next);
      saveEventText(functionId, next);
    },
    [functionId],
  );
  return { text: text ?? EMPTY, isUntouched: text === null, onText };
}
