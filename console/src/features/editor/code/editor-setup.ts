import { closeBrackets, closeBracketsKeymap } from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap, indentWithTab } from '@codemirror/commands';
import { javascript, javascriptLanguage } from '@codemirror/lang-javascript';
import { json, jsonParseLinter } from '@codemirror/lang-json';
import { python, pythonLanguage } from '@codemirror/lang-python';
import { bracketMatching, foldGutter, foldKeymap, indentOnInput, indentUnit } from '@codemirror/language';
import { linter, lintGutter, lintKeymap } from '@codemirror/lint';
import { highlightSelectionMatches, searchKeymap } from '@codemirror/search';
import { EditorState, type Extension, Prec } from '@codemirror/state';
import {
  drawSelection,
  EditorView,
  highlightActiveLine,
  highlightActiveLineGutter,
  highlightSpecialChars,
  keymap,
  lineNumbers,
} from '@codemirror/view';
import { pageNonce } from '../../../shared/csp/page-nonce.ts';
import { completions } from './completions.ts';
import { editorTheme } from './editor-theme.ts';
import { errorLine } from './error-line.ts';
import { contextCompletions } from './handler-completions.ts';
import { typeOver } from './type-over.ts';

export interface EditorKeys {
  run(): void;
  save(): void;
}

/** What every editor of the console has; `label` names it for screen readers. Escape, then Tab leaves it by keyboard. */
export function baseSetup(label: string): Extension {
  return [
    EditorView.cspNonce.of(pageNonce),
    EditorView.contentAttributes.of({ 'aria-label': label, spellcheck: 'false', autocapitalize: 'off', tabindex: '0' }),
    highlightSpecialChars(),
    history(),
    drawSelection(),
    typeOver,
    indentOnInput(),
    bracketMatching(),
    closeBrackets(),
    highlightSelectionMatches(),
    keymap.of([...closeBracketsKeymap, ...defaultKeymap, ...searchKeymap, ...historyKeymap, indentWithTab]),
    editorTheme,
  ];
}

/** The panel's keys go before the editor's own meaning of them. */
export function panelKeys({ run, save }: EditorKeys): Extension {
  const then = (work: () => void) => () => {
    work();
    return true;
  };
  return Prec.highest(
    keymap.of([
      { key: 'Mod-Enter', run: then(run), preventDefault: true },
      { key: 'Mod-s', run: then(save), preventDefault: true },
    ]),
  );
}

/** For a file of a package, by its name. */
export function fileSetup(path: string): Extension {
  return [
    baseSetup(`Code of ${path}`),
    lineNumbers(),
    foldGutter(),
    highlightActiveLine(),
    highlightActiveLineGutter(),
    completions,
    lintGutter(),
    errorLine,
    keymap.of([...foldKeymap, ...lintKeymap]),
    languageOf(path),
  ];
}

/** For an event: JSON, checked while it is typed. */
export function eventSetup(label: string): Extension {
  return [baseSetup(label), json(), linter(jsonParseLinter()), lintGutter(), EditorView.lineWrapping];
}

function languageOf(path: string): Extension {
  if (/\.[mc]?[jt]sx?$/.test(path))
    return [
      javascript({ typescript: /\.[mc]?tsx?$/.test(path), jsx: /x$/.test(path) }),
      javascriptLanguage.data.of({ autocomplete: contextCompletions('nodejs') }),
      indentUnit.of('  '),
    ];
  if (path.endsWith('.py'))
    return [python(), pythonLanguage.data.of({ autocomplete: contextCompletions('python') }), indentUnit.of('    ')];
  if (path.endsWith('.json')) return [json(), EditorState.tabSize.of(2)];
  return [];
}
