import { EditorState } from '@codemirror/state';
import { EditorView } from '@codemirror/view';
import { useEffect, useRef } from 'react';
import { type EditorKeys, eventSetup, panelKeys } from '../code/editor-setup.ts';
import classes from './json-editor.module.css';

interface Props {
  label: string;
  text: string;
  onType(text: string): void;
  keys: EditorKeys;
}

/** A small editor for JSON; `text` that differs from what was typed replaces it. */
export function JsonEditor({ label, text, onType, keys }: Props) {
  const room = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  const latest = useRef({ text, onType, keys });
  latest.current = { text, onType, keys };

  useEffect(() => {
    const typed = EditorView.updateListener.of((update) => {
      if (update.docChanged) latest.current.onType(update.state.doc.toString());
    });
    const forKeys = panelKeys({ run: () => latest.current.keys.run(), save: () => latest.current.keys.save() });
    const open = new EditorView({
      parent: room.current as HTMLElement,
      state: EditorState.create({ doc: latest.current.text, extensions: [forKeys, eventSetup(label), typed] }),
    });
    view.current = open;
    return () => {
      open.destroy();
      view.current = null;
    };
  }, [label]);

  useEffect(() => {
    const open = view.current;
    if (open === null || open.state.doc.toString() === text) return;
    open.dispatch({ changes: { from: 0, to: open.state.doc.length, insert: text } });
  }, [text]);

  return <div ref={room} className={classes.editor} />;
}
