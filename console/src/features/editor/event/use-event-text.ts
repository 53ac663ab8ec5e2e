import { useCallback, useState } from 'react';
import { loadEventText, saveEventText } from '../draft/saved-draft.ts';

const EMPTY = '{}';

export interface EventText {
  text: string;
  /** The saved event it was taken from; empty when none was. */
  chosen: string;
  /** Nothing was typed or chosen yet, now or before a reload. */
  isUntouched: boolean;
  onText(text: string, chosen?: string): void;
  onChosen(chosen: string): void;
}

/** The text of the event panel, kept in the browser with the function. */
export function useEventText(functionId: string): EventText {
  const [text, setText] = useState(() => loadEventText(functionId));
  const [chosen, setChosen] = useState('');
  const onText = useCallback(
    (next: string, from?: string) => {
      setText(next);
      if (from !== undefined) setChosen(from);
      saveEventText(functionId, next);
    },
    [functionId],
  );
  return { text: text ?? EMPTY, chosen, isUntouched: text === null, onText, onChosen: setChosen };
}
