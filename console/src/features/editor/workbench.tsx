import { Suspense, useCallback, useEffect, useRef, useState } from 'react';
import { useSearch } from 'wouter';
import type { ColdframeFunction } from '../../shared/api/types.ts';
import type { AuthorFrame } from '../../shared/attempt/author-frame.ts';
import { ErrorBoundary } from '../../shared/page/error-boundary.tsx';
import { lazyPiece } from '../../shared/pieces/lazy-piece.ts';
import { Notices } from './deploy/notices.tsx';
import { Toolbar } from './deploy/toolbar.tsx';
import { useSave } from './deploy/use-save.ts';
import { ZipDialog } from './deploy/zip-dialog.tsx';
import { DeskPanes } from './desk/desk-panes.tsx';
import { useDesk, useRefusedLines } from './desk/use-desk.ts';
import { codePayload } from './draft/code-payload.ts';
import type { DeployedCode } from './draft/draft-model.ts';
import { useDraft } from './draft/use-draft.ts';
import { SavedEventPane } from './event/saved-event-pane.tsx';
import { useEventText } from './event/use-event-text.ts';
import { DropZone } from './files/drop-zone.tsx';
import type { DroppedFiles } from './files/read-dropped.ts';
import { takeFirstRun } from './run/first-run.ts';
import { callDeployed, runDraft } from './run/run-reply.ts';
import { usePanelKeys } from './run/use-panel-keys.ts';
import classes from './workbench.module.css';

const CompareDialog = lazyPiece(() => import('./deploy/compare-dialog.tsx'));

/** The desk of a function that is there: its draft, run and deployed. */
export function Workbench({ fn, deployed }: { fn: ColdframeFunction; deployed: DeployedCode }) {
  const draft = useDraft(fn.id, deployed);
  const { model, snapshot } = draft;
  const [refused, setRefused] = useState<string[]>([]);
  const [zip, setZip] = useState<File | null>(null);
  const event = useEventText(fn.id);
  const desk = useDesk({ model, snapshot, handler: fn.handler, runtime: fn.runtime });
  const { begin, runs, show } = desk;
  usePlaceInAddress(show);

  const run = (): void => {
    save.forgetError();
    void begin(
      (eventText, end) => runDraft({ functionName: fn.name, eventText, end }, { code: codePayload(model) }),
      event.text,
    );
  };
  const callNow = useCallback(
    (text: string) => begin((eventText, end) => callDeployed({ functionName: fn.name, eventText, end }), text),
    [begin, fn.name],
  );
  const save = useSave({ functionName: fn.name, draft, callAfter: () => callNow(event.text) });

  const { onText } = event;
  useEffect(() => {
    const first = takeFirstRun();
    if (first === null) return;
    onText(first.eventText, first.eventName);
    void callNow(first.eventText);
  }, [callNow, onText]);

  const marks = useRefusedLines(desk, runs.error ?? save.error);
  const deploy = (): void => {
    runs.forgetError();
    save.deploy();
  };
  const keys = { run, save: deploy };
  usePanelKeys(keys);

  const take = (dropped: DroppedFiles): void => {
    for (const { path: file, text } of dropped.texts) model.put(file, text);
    if (dropped.texts[0]) desk.choose(dropped.texts[0].path);
    setRefused(dropped.refused);
    setZip(dropped.zip);
  };
  return (
    <DropZone onDropped={take} invitation="Drop files to add them, or a zip to deploy it">
      {(pickFiles) => (
        <div className={classes.workbench}>
          <Toolbar
            isRunning={runs.startedAtMs !== null}
            draft={draft}
            save={save}
            onRun={run}
            onDeploy={deploy}
            onUpload={pickFiles}
            onDiscard={() => (draft.elsewhere ? draft.takeTheirs() : model.rebase(snapshot.base))}
          />
          <Notices draft={draft} save={save} refused={refused} onRefusedSeen={() => setRefused([])} />
          <DeskPanes
            desk={desk}
            marks={marks}
            keys={keys}
            untouched="Nothing is deployed, and calls of the deployed function go on as they were."
          >
            <SavedEventPane functionName={fn.name} event={event} keys={keys} />
          </DeskPanes>
          {save.isComparing && draft.elsewhere ? (
            <ErrorBoundary>
              <Suspense fallback={null}>
                <CompareDialog
                  model={model}
                  elsewhere={draft.elsewhere}
                  onKeep={(changes) => save.endComparing(() => draft.takeTheirs(changes))}
                  onTakeTheirs={() => save.endComparing(() => draft.takeTheirs())}
                  onClose={() => save.endComparing()}
                />
              </Suspense>
            </ErrorBoundary>
          ) : null}
          {zip ? (
            <ZipDialog
              zip={zip}
              functionName={fn.name}
              hasDraft={snapshot.isDirty}
              isBusy={save.isBusy}
              error={save.error}
              onDeploy={() => void save.deployZip(zip).then((isDone) => isDone && setZip(null))}
              onClose={() => setZip(null)}
            />
          ) : null}
        </div>
      )}
    </DropZone>
  );
}

/** A link to a line, as error frames elsewhere in the console are. */
function usePlaceInAddress(show: (frame: AuthorFrame, isVisit: boolean) => void): void {
  const search = useSearch();
  const shown = useRef('');
  useEffect(() => {
    if (shown.current === search) return;
    shown.current = search;
    const params = new URLSearchParams(search);
    const file = params.get('file');
    const line = Number(params.get('line'));
    if (file !== null && Number.isInteger(line) && line > 0) show({ file, line, column: null }, true);
  }, [search, show]);
}
