import { useEffect, useRef } from 'react';
import { isScreenKey } from '../../../shared/keyboard/is-screen-key.ts';
import type { EditorKeys } from '../code/editor-setup.ts';

const IS_MAC = /Mac|iPhone|iPad/.test(window.navigator.platform);

/** How the key is called on this machine. */
export const MOD_KEY = IS_MAC ? '⌘' : 'Ctrl';

/** Run and save work wherever the focus is, unless a dialog or a menu is open. */
export function usePanelKeys(keys: EditorKeys): void {
  const latest = useRef(keys);
  latest.current = keys;
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent): void => {
      const isMod = IS_MAC ? event.metaKey : event.ctrlKey;
      if (!isMod || event.shiftKey || !isScreenKey(event)) return;
      if (event.key === 'Enter') latest.current.run();
      else if (event.key === 's') latest.current.save();
      else return;
      event.preventDefault();
    };
    window.addEventListener('keydown', onKeyDown);
    return () => window.removeEventListener('keydown', onKeyDown);
  }, []);
}
