import './code-colors.css';
import { HighlightStyle, syntaxHighlighting } from '@codemirror/language';
import type { Extension } from '@codemirror/state';
import { EditorView } from '@codemirror/view';
import { tags } from '@lezer/highlight';

const COLOURS = HighlightStyle.define([
  { tag: [tags.keyword, tags.modifier, tags.operatorKeyword], color: 'var(--code-keyword)' },
  { tag: [tags.string, tags.special(tags.string), tags.regexp], color: 'var(--code-string)' },
  { tag: [tags.number, tags.bool, tags.null, tags.atom], color: 'var(--code-number)' },
  { tag: [tags.comment, tags.docString], color: 'var(--code-comment)' },
  { tag: [tags.function(tags.variableName), tags.className, tags.propertyName], color: 'var(--code-name)' },
]);

/** By the page's own colour variables, which follow the theme by themselves. */
const LOOK = EditorView.theme({
  '&': { height: '100%', fontSize: 'var(--mantine-font-size-sm)', backgroundColor: 'var(--mantine-color-body)' },
  '&.cm-focused': { outline: 'none' },
  '.cm-scroller': { fontFamily: 'var(--mantine-font-family-monospace)', lineHeight: '1.55' },
  '.cm-content': { caretColor: 'var(--mantine-color-text)', padding: '0.5rem 0' },
  '.cm-cursor': { borderLeftColor: 'var(--mantine-color-text)' },
  '.cm-gutters': {
    backgroundColor: 'var(--mantine-color-body)',
    color: 'var(--mantine-color-dimmed)',
    border: 'none',
  },
  '.cm-activeLine, .cm-activeLineGutter': { backgroundColor: 'var(--surface-sunken)' },
  '&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground': {
    backgroundColor: 'var(--code-selection)',
  },
  '.cm-errorLine, .cm-errorLine.cm-activeLine': {
    backgroundColor: 'var(--code-error-line)',
    boxShadow: 'inset 3px 0 var(--status-bad)',
  },
  '.cm-searchMatch, .cm-selectionMatch': { backgroundColor: 'var(--code-match)' },
  '.cm-tooltip, .cm-panels': {
    backgroundColor: 'var(--surface-sunken)',
    color: 'var(--mantine-color-text)',
    border: '1px solid var(--border)',
  },
  '.cm-tooltip-autocomplete ul li[aria-selected]': {
    backgroundColor: 'var(--accent)',
    color: 'var(--mantine-color-body)',
  },
  '.cm-diagnostic-error': { borderLeftColor: 'var(--status-bad)' },
  '.cm-placeholder': { color: 'var(--mantine-color-dimmed)' },
});

export const editorTheme: Extension = [LOOK, syntaxHighlighting(COLOURS)];
