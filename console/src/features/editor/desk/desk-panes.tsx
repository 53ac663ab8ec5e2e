import type { ReactNode } from 'react';
import { CodeEditor } from '../code/code-editor.tsx';
import type { EditorKeys } from '../code/editor-setup.ts';
import type { LineMark } from '../code/syntax-marks.ts';
import { FileList } from '../files/file-list.tsx';
import { ResultPane } from '../result/result-pane.tsx';
import classes from './desk-panes.module.css';
import type { Desk } from './use-desk.ts';

interface Props {
  desk: Desk;
  marks: readonly LineMark[];
  keys: EditorKeys;
  /** What a run leaves untouched, in a sentence. */
  untouched: string;
  /** The event's pane. */
  children: ReactNode;
}

/** Code at the left, event and result at the right, all in sight at once. */
export function DeskPanes({ desk, marks, keys, untouched, children }: Props) {
  const { model, snapshot, path, place } = desk;
  return (
    <div className={classes.desk}>
      <section className={classes.code} aria-label="Code">
        <FileList model={model} snapshot={snapshot} selected={path} onSelect={desk.choose} />
        <CodeEditor model={model} path={path} epoch={snapshot.epoch} marks={marks} place={place} keys={keys} />
      </section>
      <div className={classes.side}>
        {children}
        <ResultPane runs={desk.runs} onFrame={(frame) => desk.show(frame, true)} untouched={untouched} />
      </div>
    </div>
  );
}
