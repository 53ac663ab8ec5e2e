import { MergeView } from '@codemirror/merge';
import { EditorState } from '@codemirror/state';
import { EditorView } from '@codemirror/view';
import { Button, Group, Modal, NativeSelect } from '@mantine/core';
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { fileSetup } from '../code/editor-setup.ts';
import type { CodeChanges, DeployedCode, DraftModel } from '../draft/draft-model.ts';
import classes from './compare-dialog.module.css';

interface Props {
  model: DraftModel;
  elsewhere: DeployedCode;
  /** Goes on with one's own texts, as edited here, over what is deployed now. */
  onKeep(changes: CodeChanges): void;
  onTakeTheirs(): void;
  onClose(): void;
}

/** What somebody else deployed beside one's own draft, file by file; one's own side can be edited. */
export default function CompareDialog({ model, elsewhere, onKeep, onTakeTheirs, onClose }: Props) {
  const mine = useMemo(() => new Map(Object.entries(model.files())), [model]);
  const paths = useMemo(() => differing(mine, elsewhere.files), [mine, elsewhere]);
  const [path, setPath] = useState(paths[0] ?? '');
  // State, not a ref: a dialog's content comes into the page after its first effects.
  const [room, setRoom] = useState<HTMLElement | null>(null);
  const view = useRef<MergeView | null>(null);

  // What was edited on the right is read when it is needed and before another file takes its place.
  const collect = useCallback(() => {
    const text = view.current?.b.state.doc.toString();
    // A file that one's own side lacks, and into which nothing was typed, stays lacking.
    if (text !== undefined && (mine.has(path) || text !== '')) mine.set(path, text);
  }, [mine, path]);

  useEffect(() => {
    if (path === '' || room === null) return;
    const open = new MergeView({
      parent: room,
      a: {
        doc: elsewhere.files[path] ?? '',
        extensions: [fileSetup(path), EditorView.lineWrapping, EditorState.readOnly.of(true)],
      },
      b: { doc: mine.get(path) ?? '', extensions: [fileSetup(path), EditorView.lineWrapping] },
      revertControls: 'a-to-b',
      collapseUnchanged: { margin: 3, minSize: 6 },
      gutter: true,
    });
    view.current = open;
    return () => {
      collect();
      open.destroy();
      view.current = null;
    };
  }, [path, room, elsewhere, mine, collect]);

  const keep = (): void => {
    collect();
    onKeep(changesOver(elsewhere.files, mine));
  };
  return (
    <Modal opened onClose={onClose} size="80rem" title={`Revision ${elsewhere.revisionNumber} was deployed elsewhere`}>
      <p className={classes.intro}>
        Nothing was overwritten. Left is what is deployed now, right is your draft; the arrows take a change over.
      </p>
      {paths.length > 1 ? (
        <NativeSelect
          label="File"
          className={classes.file}
          value={path}
          onChange={(event) => setPath(event.currentTarget.value)}
          data={paths}
        />
      ) : null}
      <div className={classes.heads} aria-hidden="true">
        <span>Deployed now</span>
        <span>Your draft</span>
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard */}
      <section ref={setRoom} className={classes.merge} tabIndex={0} aria-label={`Differences in ${path}`} />
      <Group justify="flex-end" mt="sm">
        <Button variant="default" onClick={onTakeTheirs}>
          Discard my draft
        </Button>
        <Button onClick={keep}>Keep the right side as my draft</Button>
      </Group>
    </Modal>
  );
}

function differing(mine: ReadonlyMap<string, string>, theirs: Readonly<Record<string, string>>): string[] {
  const paths = new Set([...mine.keys(), ...Object.keys(theirs)]);
  return [...paths].filter((path) => mine.get(path) !== theirs[path]).sort();
}

function changesOver(theirs: Readonly<Record<string, string>>, mine: ReadonlyMap<string, string>): CodeChanges {
  const changes: [string, string | null][] = differing(mine, theirs).map((path) => [path, mine.get(path) ?? null]);
  return Object.fromEntries(changes);
}
