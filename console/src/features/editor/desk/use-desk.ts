import { useCallback, useEffect, useMemo, useState } from 'react';
import { ApiProblem } from '../../../shared/api/api-problem.ts';
import { type AuthorFrame, topFrame } from '../../../shared/attempt/author-frame.ts';
import type { ShownPlace } from '../code/code-editor.tsx';
import { firstBrokenFile, type LineMark, syntaxMarks } from '../code/syntax-marks.ts';
import type { DraftModel, DraftSnapshot } from '../draft/draft-model.ts';
import { eventProblem, eventToSend } from '../event/event-text.ts';
import { handlerFile } from '../files/handler-file.ts';
import type { RunEnd } from '../run/run-end.ts';
import type { RunReply } from '../run/run-reply.ts';
import { type Runs, useRun } from '../run/use-run.ts';

export interface Desk {
  model: DraftModel;
  snapshot: DraftSnapshot;
  runs: Runs;
  /** The file that is shown. */
  path: string;
  choose(path: string): void;
  /** The line that is marked. */
  place: ShownPlace | null;
  /** Marks a line, and goes there when `isVisit`; a file that is gone leaves everything as it is. */
  show(frame: AuthorFrame, isVisit: boolean): void;
  /**
   * Runs `work` with the event, unless the event is no JSON, and marks the line of the error that came of it. Resolves to null
   * when nothing ran.
   */
  begin(work: (eventText: string, end: RunEnd) => Promise<RunReply>, text: string): Promise<RunReply | null>;
}

interface Options {
  model: DraftModel;
  snapshot: DraftSnapshot;
  handler: string;
  runtime: string;
}

/** What is open in front of a person who edits: which file, which line, and what the last run said. */
export function useDesk({ model, snapshot, handler, runtime }: Options): Desk {
  const [chosen, setChosen] = useState(() => handlerFile(handler, snapshot.paths));
  const [place, setPlace] = useState<ShownPlace | null>(null);
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
  const beginMarked = useCallback<Desk['begin']>(
    async (work, text) => {
      if (eventProblem(text) !== null) return null;
      setPlace(null);
      const reply = await begin((end) => work(eventToSend(text), end));
      const error = reply?.invocation.attempts.at(-1)?.error;
      const frame = error ? topFrame(error.stackTrace, runtime) : null;
      if (frame) show(frame, false);
      return reply;
    },
    [begin, runtime, show],
  );
  const path = snapshot.paths.includes(chosen) ? chosen : (snapshot.paths[0] ?? '');
  return { model, snapshot, runs, path, choose: setChosen, place, show, begin: beginMarked };
}

/** The marks of code that was refused; the first file it is about is shown, once for each refusal. */
export function useRefusedLines({ path, snapshot, choose }: Desk, problem: unknown): LineMark[] {
  const fields = useMemo(() => (problem instanceof ApiProblem ? problem.fields : []), [problem]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: not whenever files change
  useEffect(() => {
    const broken = firstBrokenFile(fields, snapshot.paths);
    if (broken !== null) choose(broken);
  }, [fields]);
  return useMemo(() => syntaxMarks(fields, path), [fields, path]);
}
