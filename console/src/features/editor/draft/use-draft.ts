import { useCallback, useEffect, useRef, useState, useSyncExternalStore } from 'react';
import type { SaveResult } from './bounded-storage.ts';
import { type CodeChanges, type DeployedCode, DraftModel, type DraftSnapshot } from './draft-model.ts';
import { dropDraft, loadDraft, saveDraft } from './saved-draft.ts';

const SAVE_AFTER_MS = 400;

export interface Draft {
  model: DraftModel;
  snapshot: DraftSnapshot;
  /** What was deployed elsewhere while this draft differs from it; null when the two do not meet. */
  elsewhere: DeployedCode | null;
  /** Whether unsaved work is kept in this browser; null while there is none. */
  kept: SaveResult | null;
  /** Ends `elsewhere`: the draft is compared with (and deployed over) what is deployed now. */
  keepMine(): void;
  /** Ends `elsewhere` with what is deployed now and these changes over it. */
  takeTheirs(changes?: CodeChanges): void;
}

/** The draft of one function, kept in the browser across reloads. `deployed` is what the server has now. */
export function useDraft(functionId: string, deployed: DeployedCode): Draft {
  const [{ model, startedElsewhere }] = useState(() => openDraft(functionId, deployed));
  const snapshot = useSyncExternalStore(model.subscribe, model.snapshot);
  const [elsewhere, setElsewhere] = useState<DeployedCode | null>(startedElsewhere ? deployed : null);
  const kept = useAutosave(functionId, model);

  useEffect(() => {
    const { base, isDirty } = model.snapshot();
    if (deployed.revisionId === base.revisionId) return;
    if (deployed.codeSha256 === base.codeSha256) model.adopt(deployed);
    else if (isDirty) setElsewhere(deployed);
    else model.rebase(deployed);
  }, [deployed, model]);

  const keepMine = useCallback(() => {
    if (elsewhere) model.adopt(elsewhere);
    setElsewhere(null);
  }, [elsewhere, model]);
  const takeTheirs = useCallback(
    (changes?: CodeChanges) => {
      if (elsewhere) model.rebase(elsewhere, changes);
      setElsewhere(null);
    },
    [elsewhere, model],
  );
  return { model, snapshot, elsewhere, kept, keepMine, takeTheirs };
}

function openDraft(functionId: string, deployed: DeployedCode): { model: DraftModel; startedElsewhere: boolean } {
  const saved = loadDraft(functionId);
  const model = new DraftModel(deployed, saved?.changes);
  // A draft of an older code, which still differs: somebody deployed since.
  const startedElsewhere = saved !== null && saved.codeSha256 !== deployed.codeSha256 && model.snapshot().isDirty;
  return { model, startedElsewhere };
}

function useAutosave(functionId: string, model: DraftModel): SaveResult | null {
  const [kept, setKept] = useState<SaveResult | null>(() => (model.snapshot().isDirty ? 'saved' : null));
  const timer = useRef<number | null>(null);
  /** The browser could not keep it, so leaving the page loses it. */
  const isUnkept = useRef(false);
  isUnkept.current = kept !== null && kept !== 'saved';
  useEffect(() => {
    const save = (): void => {
      timer.current = null;
      const { base, isDirty } = model.snapshot();
      if (!isDirty) dropDraft(functionId);
      const { revisionId, codeSha256 } = base;
      setKept(isDirty ? saveDraft(functionId, { revisionId, codeSha256, changes: model.changes() }) : null);
    };
    const flush = (): void => {
      if (timer.current === null) return;
      window.clearTimeout(timer.current);
      save();
    };
    model.onEdit = () => {
      if (timer.current !== null) window.clearTimeout(timer.current);
      timer.current = window.setTimeout(save, SAVE_AFTER_MS);
    };
    const ask = (event: BeforeUnloadEvent): void => {
      if (isUnkept.current) event.preventDefault();
    };
    window.addEventListener('pagehide', flush);
    window.addEventListener('beforeunload', ask);
    return () => {
      window.removeEventListener('pagehide', flush);
      window.removeEventListener('beforeunload', ask);
      flush();
      model.onEdit = null;
    };
  }, [functionId, model]);
  return kept;
}
