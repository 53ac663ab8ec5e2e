import { useEffect, useMemo, useState } from 'react';
import { type Language, languageOfFile } from '../../../../../src/domain/runtimes.ts';
import type { ApiProblem } from '../../../shared/api/api-problem.ts';
import type { Template } from '../../../shared/api/types.ts';
import { ProblemNotice } from '../../../shared/page/problem-notice.tsx';
import { RefusedFiles } from '../deploy/notices.tsx';
import { DeskPanes } from '../desk/desk-panes.tsx';
import { useDesk, useRefusedLines } from '../desk/use-desk.ts';
import type { DeployedCode } from '../draft/draft-model.ts';
import { dropEventText } from '../draft/saved-draft.ts';
import { type Draft, useDraft } from '../draft/use-draft.ts';
import { EventPane } from '../event/event-pane.tsx';
import { useEventText } from '../event/use-event-text.ts';
import { DropZone } from '../files/drop-zone.tsx';
import { handlerFile } from '../files/handler-file.ts';
import type { DroppedFiles } from '../files/read-dropped.ts';
import { runDraft } from '../run/run-reply.ts';
import { usePanelKeys } from '../run/use-panel-keys.ts';
import { CreateBar } from './create-bar.tsx';
import classes from './create-bench.module.css';
import { createFromFiles, createFromZip } from './create-function.ts';
import { guessHandler, mainFile } from './guess-handler.ts';
import { nameProblem } from './name/name-problem.ts';
import { readFreeName } from './name/read-free-name.ts';
import { useFreeName } from './name/use-free-name.ts';
import { useCreate } from './use-create.ts';
import { ZipCreateDialog } from './zip-create-dialog.tsx';

export type Texts = DroppedFiles['texts'];

interface Props {
  /** What it starts from; another one is another bench (give it as `key`). */
  template: Template;
  /** Null until the person names the function; the bench then suggests a free name. */
  typedName: string | null;
  onName(name: string): void;
  /** Code dropped on another bench, to take over; null for none. */
  arrived: Texts | null;
  onTaken(): void;
  /** Code was dropped where nothing was written yet: it is a function of its own, not an addition to the template. */
  onOwnCode(texts: Texts, language: Language): void;
}

/** The desk of a function that is not there yet: its code can be written and run before anything is created. */
export default function CreateBench({ template, typedName, onName, arrived, onTaken, onOwnCode }: Props) {
  const { manifest, events } = template;
  const draft = useDraft(`new-${template.name}`, useStart(template));
  const { model, snapshot } = draft;
  const [typedHandler, setTypedHandler] = useState<string | null>(null);
  const [guessed, setGuessed] = useState(() => guessHandler(model.files()));
  const [zip, setZip] = useState<File | null>(null);
  const [refused, setRefused] = useState<string[]>([]);
  const event = useEventText(`new-${template.name}`);
  const handler = typedHandler ?? guessed;
  const desk = useDesk({ model, snapshot, handler, runtime: manifest.runtime });
  const free = useFreeName(manifest.name);
  const name = typedName ?? free ?? '';
  const create = useCreate(() => {
    model.rebase(snapshot.base);
    dropEventText(`new-${template.name}`);
  });
  const { runs } = desk;
  const problem = (create.error ?? runs.error) as ApiProblem | null;

  /** What is written may be of another handler than when it was last looked at. */
  const settingsNow = () => {
    const guess = guessHandler(model.files());
    setGuessed(guess);
    return { ...manifest, handler: typedHandler ?? guess };
  };
  const run = (): void => {
    create.reset();
    const { name: _, ...settings } = settingsNow();
    void desk.begin(async (eventText, end) => {
      // Under the name of a function that is there, it would run with that one's environment.
      const functionName = await readFreeName(nameProblem(name) === null ? name : manifest.name, end.signal);
      return runDraft({ functionName, eventText, end }, { code: { files: model.files() }, settings });
    }, event.text);
  };
  const createNow = (): void => {
    if (create.isPending || nameProblem(name) !== null) return;
    runs.forgetError();
    const settings = { ...settingsNow(), name };
    const firstRun = { eventText: event.text, eventName: event.chosen };
    create.mutate({ create: () => createFromFiles({ settings, files: model.files(), events }), firstRun });
  };
  const keys = { run, save: createNow };
  usePanelKeys(keys);
  const marks = useRefusedLines(desk, problem);

  const takeTexts = (texts: Texts): void => {
    const files = Object.fromEntries(texts.map(({ path, text }) => [path, text]));
    const { base, isDirty } = model.snapshot();
    if (template.topic !== 'own' || isDirty) for (const { path, text } of texts) model.put(path, text);
    else model.rebase(base, { ...Object.fromEntries(Object.keys(base.files).map((path) => [path, null])), ...files });
    const guess = guessHandler(model.files());
    setGuessed(guess);
    desk.choose(texts[0]?.path ?? handlerFile(guess, Object.keys(files)));
  };
  const take = ({ texts, refused: lines, zip: dropped }: DroppedFiles): void => {
    setRefused(lines);
    setZip(dropped);
    const main = mainFile(texts.map(({ path }) => path));
    if (main !== null && !snapshot.isDirty) onOwnCode(texts, languageOfFile(main) ?? 'nodejs');
    else if (texts.length > 0) takeTexts(texts);
  };
  // biome-ignore lint/correctness/useExhaustiveDependencies: once for each arrival
  useEffect(() => {
    if (arrived === null) return;
    takeTexts(arrived);
    onTaken();
  }, [arrived]);

  const taken = create.error?.code === 'function_exists' ? 'There is a function of that name already.' : null;
  return (
    <DropZone onDropped={take} invitation="Drop code to begin with it, or a zip to create a function of it">
      {(pickFiles) => (
        <div className={classes.bench}>
          <CreateBar
            name={{
              value: name,
              problem: taken ?? (typedName === null ? null : nameProblem(name)),
              onType: (value) => {
                onName(value);
                create.reset();
              },
            }}
            handler={{
              value: handler,
              problem: problem?.fields?.find(({ path }) => path === '/handler')?.message ?? null,
              onType: setTypedHandler,
            }}
            isRunning={runs.startedAtMs !== null}
            isCreating={create.isPending && zip === null}
            canCreate={nameProblem(name) === null}
            state={stateWords(draft)}
            onCreate={createNow}
            onRun={run}
            onUpload={pickFiles}
            onDiscard={snapshot.isDirty ? () => model.rebase(snapshot.base) : null}
          />
          {create.error && taken === null && zip === null ? <ProblemNotice error={create.error} /> : null}
          <RefusedFiles lines={refused} onSeen={() => setRefused([])} />
          <DeskPanes desk={desk} marks={marks} keys={keys} untouched="Nothing is deployed or created by it.">
            <EventPane
              event={event}
              names={events.map((one) => one.name)}
              onChoose={(chosen) => {
                const saved = events.find((one) => one.name === chosen);
                if (saved) event.onText(JSON.stringify(saved.event, null, 2), chosen);
                else event.onChosen('');
              }}
              error={null}
              keys={keys}
            />
          </DeskPanes>
          {zip ? (
            <ZipCreateDialog
              zip={zip}
              language={template.language}
              isBusy={create.isPending}
              error={create.error}
              onCreate={(settings) => create.mutate({ create: () => createFromZip(settings, zip), firstRun: null })}
              onClose={() => {
                setZip(null);
                create.reset();
              }}
            />
          ) : null}
        </div>
      )}
    </DropZone>
  );
}

/** What the draft is compared with: the template as it comes. */
function useStart({ name, files }: Template): DeployedCode {
  return useMemo(
    () => ({
      ...{ revisionId: name, revisionNumber: 0, codeSha256: name, files },
      ...{ binaryFiles: [], executableFiles: [], links: [] },
    }),
    [name, files],
  );
}

function stateWords({ snapshot, kept }: Draft): string {
  if (!snapshot.isDirty) return 'Nothing is created yet.';
  if (kept === 'too_large') return 'Not created yet; too large to be kept in this browser.';
  if (kept === 'refused') return 'Not created yet; this browser keeps no drafts.';
  return 'Not created yet; draft kept in this browser.';
}
