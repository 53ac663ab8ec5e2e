import { useEffect, useRef } from 'react';
import { isScreenKey } from './is-screen-key.ts';

interface Hotkey {
  keys: string;
  run(): void;
}

const SEQUENCE_MS = 1_000;
/** The latest mounted wins: a part of a screen goes before the shell. */
const hotkeys: Hotkey[] = [];
let pending = '';
let pendingAtMs = 0;

/**
 * Runs `run` when the keys are pressed outside of text fields: one character (`/`, `?`) or two in a row (`g f`). Keys with Ctrl
 * or Cmd are written `mod+k`; they work inside text fields too. No hotkey acts while a dialog or a menu is open.
 */
export function useHotkey(keys: string, run: () => void): void {
  const latest = useRef(run);
  latest.current = run;
  useEffect(() => {
    const hotkey = { keys, run: () => latest.current() };
    hotkeys.push(hotkey);
    if (hotkeys.length === 1) document.addEventListener('keydown', onKeyDown);
    return () => {
      hotkeys.splice(hotkeys.indexOf(hotkey), 1);
      if (hotkeys.length === 0) document.removeEventListener('keydown', onKeyDown);
    };
  }, [keys]);
}

function onKeyDown(event: KeyboardEvent): void {
  if (!isScreenKey(event)) {
    pending = '';
    return;
  }
  const hasModifier = event.ctrlKey || event.metaKey;
  if (!hasModifier && isTyping(event.target)) return;
  const key = hasModifier ? `mod+${event.key.toLowerCase()}` : event.key;
  const isFollowing = !hasModifier && pending !== '' && event.timeStamp - pendingAtMs < SEQUENCE_MS;
  const found = (isFollowing ? find(`${pending} ${key}`) : undefined) ?? find(key);
  pending = found === undefined && !hasModifier && key.length === 1 ? key : '';
  pendingAtMs = event.timeStamp;
  if (found === undefined) return;
  event.preventDefault();
  found.run();
}

function find(keys: string): Hotkey | undefined {
  return hotkeys.findLast((hotkey) => hotkey.keys === keys);
}

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
}
