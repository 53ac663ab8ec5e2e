import { setDiagnostics } from '@codemirror/lint';
import { EditorState, type Extension } from '@codemirror/state';
import { EditorView } from '@codemirror/view';
import { useComputedColorScheme } from '@mantine/core';
import { useEffect, useRef } from 'react';
import { pageNonce } from '../../../shared/csp/page-nonce.ts';
import type { DraftModel } from '../draft/draft-model.ts';
import classes from './code-editor.module.css';
import { type EditorKeys, fileSetup, panelKeys } from './editor-setup.ts';
import { setErrorLine } from './error-line.ts';
import type { LineMark } from './syntax-marks.ts';

/** A place to show: equal places shown again are different objects. */
export interface ShownPlace {
  file: string;
  line: number;
  column: number | null;
  /** Whether the cursor goes there too; a mark alone leaves one where one types. */
  isVisit: boolean;
}

interface Props {
  model: DraftModel;
  path: string;
  /** Counts up when texts changed other than by typing here. */
  epoch: number;
  marks: readonly LineMark[];
  place: ShownPlace | null;
  keys: EditorKeys;
}

/** As many as a person switches between; each holds its undo history. */
const OPEN_STATES_MAX = 30;

/**
 * One view for all files: each keeps its own text, history and selection while others are shown. The model has the text;
 * a state whose text is not the model's is made anew.
 */
export function CodeEditor({ model, path, epoch, marks, place, keys }: Props) {
  const room = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  const states = useRef(new Map<string, EditorState>());
  const shown = useRef<ShownPlace | null>(null);
  const latest = useRef({ keys, path });
  latest.current = { keys, path };
  const isDark = useComputedColorScheme('light') === 'dark';

  useEffect(() => {
    const open = new EditorView({
      parent: room.current as HTMLElement,
      extensions: EditorView.cspNonce.of(pageNonce),
    });
    view.current = open;
    return () => {
      states.current.set(latest.current.path, open.state);
      open.destroy();
      view.current = null;
    };
  }, []);

  // biome-ignore lint/correctness/useExhaustiveDependencies: a new epoch is what makes the text be read anew
  useEffect(() => {
    const open = view.current;
    const text = model.text(path);
    if (open === null || text === null) return;
    const known = states.current.get(path);
    open.setState(known?.doc.toString() === text ? known : newState(path, text, model, latest));
    return () => {
      if (states.current.size >= OPEN_STATES_MAX) states.current.clear();
      states.current.set(path, open.state);
    };
  }, [model, path, epoch]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: marks belong to the state that is shown
  useEffect(() => {
    const open = view.current;
    if (open === null) return;
    const { doc } = open.state;
    const diagnostics = marks
      .filter(({ line }) => line >= 1 && line <= doc.lines)
      .map(({ line, message }) => ({ ...doc.line(line), severity: 'error' as const, message }));
    open.dispatch(setDiagnostics(open.state, diagnostics));
    if (diagnostics[0]) open.dispatch({ effects: EditorView.scrollIntoView(diagnostics[0].from, { y: 'center' }) });
  }, [marks, path, epoch]);

  useEffect(() => {
    const open = view.current;
    if (open === null || place === shown.current) return;
    if (place === null) {
      shown.current = null;
      const effects = setErrorLine.of(null);
      open.dispatch({ effects });
      for (const [file, state] of states.current) states.current.set(file, state.update({ effects }).state);
      return;
    }
    if (place.file !== path) return;
    shown.current = place;
    showPlace(open, place);
  }, [place, path]);

  return <div ref={room} className={classes.editor} data-dark={isDark} />;
}

function newState(
  path: string,
  text: string,
  model: DraftModel,
  latest: { current: { keys: EditorKeys } },
): EditorState {
  const typed: Extension = EditorView.updateListener.of((update) => {
    if (update.docChanged) model.type(path, update.state.doc.toString());
  });
  const keys = panelKeys({ run: () => latest.current.keys.run(), save: () => latest.current.keys.save() });
  return EditorState.create({ doc: text, extensions: [keys, fileSetup(path), typed] });
}

/** Marks the line and goes there; a line that is gone by now leaves everything as it is. */
function showPlace(view: EditorView, { line, column, isVisit }: ShownPlace): void {
  const { doc } = view.state;
  if (line > doc.lines) return;
  const { from, to } = doc.line(line);
  const at = Math.min(to, from + Math.max(0, (column ?? 1) - 1));
  view.dispatch({
    selection: isVisit ? { anchor: at } : undefined,
    effects: [setErrorLine.of(line), EditorView.scrollIntoView(at, { y: 'center' })],
  });
  if (isVisit) view.focus();
}
