import {
  acceptCompletion,
  autocompletion,
  completionKeymap,
  completionStatus,
  moveCompletionSelection,
  selectedCompletionIndex,
} from '@codemirror/autocomplete';
import { type EditorState, type Extension, Prec } from '@codemirror/state';
import { type EditorView, keymap } from '@codemirror/view';

/** Whether the list of completions is open and nothing in it was chosen yet. */
const isUnchosen = (state: EditorState): boolean =>
  completionStatus(state) === 'active' && selectedCompletionIndex(state) === null;

const chooseFirst = moveCompletionSelection(true);

/**
 * Tab takes the first completion, or the one that arrows chose; without an open list it indents as ever. A list that opened
 * this very moment takes nothing yet, and swallows the key.
 */
function takeByTab(view: EditorView): boolean {
  const isOpen = completionStatus(view.state) === 'active';
  if (isUnchosen(view.state)) chooseFirst(view);
  return acceptCompletion(view) || isOpen;
}

/**
 * Words are offered while one types. One is taken only when it was chosen: by Tab, by arrows and Enter, or by a click. Enter
 * after a word that was typed in full begins a new line.
 */
export const completions: Extension = [
  autocompletion({ icons: false, selectOnOpen: false, defaultKeymap: false }),
  Prec.high(keymap.of([{ key: 'Tab', run: takeByTab }, ...completionKeymap])),
];
