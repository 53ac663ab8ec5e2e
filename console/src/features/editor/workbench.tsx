import { lazy, Suspense, useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { useSearch } from 'wouter';
import { ApiProblem } from '../../shared/api/api-problem.ts';
import type { ColdframeFunction } from '../../shared/api/types.ts';
import { type AuthorFrame, topFrame } from '../../shared/attempt/author-frame.ts';
import { CodeEditor, type ShownPlace } from './code/code-editor.tsx';
import { firstBrokenFile, syntaxMarks } from './code/syntax-marks.ts';
import { Notices } from './deploy/notices.tsx';
import { Toolbar } from './deploy/toolbar.tsx';
import { useSave } from './deploy/use-save.ts';
import { ZipDialog } from './deploy/zip-dialog.tsx';
import { codePayload } from './draft/code-payload.ts';
import type { DeployedCode } from './draft/draft-model.ts';
import { useDraft } from './draft/use-draft.ts';
import { EventPane } from './event/event-pane.tsx';
import { eventProblem, eventToSend } from './event/event-text.ts';
import { useEventText } from './event/use-event-text.ts';
import { DropZone } from './files/drop-zone.tsx';
import { FileList } from './files/file-list.tsx';
import { handlerFile } from './files/handler-file.ts';
import type { DroppedFiles } from './files/read-dropped.ts';
import { ResultPane } from './result/result-pane.tsx';
import { takeFirstRun } from './run/first-run.ts';
import { callDeployed, type RunReply, runDraft } from './run/run-reply.ts';
import { MOD_KEY, usePanelKeys } from './run/use-panel-keys.ts';
import { useRun } from './run/use-run.ts';
import classes from './workbench.module.css';

const CompareDialog = lazy(() => import('./deploy/compare-dialog.tsx'));

/** Code at the left, event and result at the right, all in sight at once. */
export function Workbench({ fn, deployed }: { fn: ColdframeFunction; deployed: DeployedCode }) {
  const draft = useDraft(fn.id, deployed);
  const { model, snapshot } = draft;
  const [chosen, setChosen] = useState(() => handlerFile(fn.handler, snapshot.paths));
  const path = snapshot.paths.includes(chosen) ? chosen : (snapshot.paths[0] ?? '');
  const [place, setPlace] = useState<ShownPlace | null>(null);
  const [refused, setRefused] = useState<string[]>([]);
  const [zip, setZip] = useState<File | null>(null);
  const event = useEventText(fn.id);
  const runs = useRun();
  const { begin } = runs;

  const show = useCallback(
    (frame: AuthorFrame, isVisit: boolean) => {
      // A frame of an older revision may name a file that is gone.
      if (model.text(frame.file) === null) return;
      setChosen(frame.file);
      setPlace({ ...frame, isVisit });
    },
    [model],
  );
  usePlaceInAddress(show);

  const begun = useCallback(
    async (work: (eventText: string, signal: AbortSignal) => Promise<RunReply>, text: string) => {
      if (eventProblem(text) !== null) return null;
      setPlace(null);
      const reply = await begin((signal) => work(eventToSend(text), signal));
      const error = reply?.invocation.attempts.at(-1)?.error;
      const frame = error ? topFrame(error.stackTrace, fn.runtime) : null;
      if (frame) show(frame, false);
      return reply;
    },
    [begin, fn.runtime, show],
  );
  const run = (): void => {
    save.forgetError();
    const work = (eventText: string, signal: AbortSignal) =>
      runDraft({ functionName: fn.name, eventText, signal }, codePayload(model));
    void begun(work, event.text);
  };
  const callNow = useCallback(
    (text: string) => begun((eventText, signal) => callDeployed({ functionName: fn.name, eventText, signal }), text),
    [begun, fn.name],
  );
  const save = useSave({ functionName: fn.name, draft, callAfter: () => callNow(event.text) });

  const { onText } = event;
  useEffect(() => {
    const first = takeFirstRun();
    if (first === null) return;
    onText(first.eventText, first.eventName);
    void callNow(first.eventText);
  }, [callNow, onText]);

  const problem = runs.error ?? save.error;
  const fields = useMemo(() => (problem instanceof ApiProblem ? problem.fields : []), [problem]);
  const marks = useMemo(() => syntaxMarks(fields, path), [fields, path]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: shown once for each refusal, not whenever files change
  useEffect(() => {
    const broken = firstBrokenFile(fields, snapshot.paths);
    if (broken !== null) setChosen(broken);
  }, [fields]);

  const deploy = (): void => {
    runs.forgetError();
    save.deploy();
  };
  const keys = { run, save: deploy };
  usePanelKeys(keys);

  const take = (dropped: DroppedFiles): void => {
    for (const { path: file, text } of dropped.texts) model.put(file, text);
    if (dropped.texts[0]) setChosen(dropped.texts[0].path);
    setRefused(dropped.refused);
    setZip(dropped.zip);
  };
  return (
    <DropZone onDropped={take}>
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
          <div className={classes.desk}>
            <section className={classes.code} aria-label="Code">
              <FileList model={model} snapshot={snapshot} selected={path} onSelect={setChosen} />
              <CodeEditor model={model} path={path} epoch={snapshot.epoch} marks={marks} place={place} keys={keys} />
            </section>
            <div className={classes.side}>
              <EventPane functionName={fn.name} event={event} keys={keys} />
              <ResultPane runs={runs} onFrame={(frame) => show(frame, true)} runKey={`${MOD_KEY}+Enter`} />
            </div>
          </div>
          {save.isComparing && draft.elsewhere ? (
            <Suspense fallback={null}>
              <CompareDialog
                model={model}
                elsewhere={draft.elsewhere}
                onKeep={(changes) => save.endComparing(() => draft.takeTheirs(changes))}
                onTakeTheirs={() => save.endComparing(() => draft.takeTheirs())}
                onClose={() => save.endComparing()}
              />
            </Suspense>
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
