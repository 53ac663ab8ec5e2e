import { BoundedStorage } from './bounded-storage.ts';
import type { CodeChanges } from './draft-model.ts';

/** What of a draft is kept in the browser: how it differs from the revision it began from. */
export interface SavedDraft {
  revisionId: string;
  codeSha256: string;
  changes: CodeChanges;
}

/** Browsers give a page about five million characters; the rest is for others. */
const DRAFTS = new BoundedStorage(
  { prefix: 'coldframe-draft-', entriesMax: 20, entryMaxChars: 1_000_000, totalMaxChars: 2_500_000 },
  window.localStorage,
);
const EVENTS = new BoundedStorage(
  { prefix: 'coldframe-event-', entriesMax: 50, entryMaxChars: 100_000, totalMaxChars: 500_000 },
  window.localStorage,
);

/** Keyed by the function's id: a function of the same name made later is another one. */
export function loadDraft(functionId: string): SavedDraft | null {
  const value = DRAFTS.load(functionId);
  return isSavedDraft(value) ? value : null;
}

export const saveDraft = (functionId: string, draft: SavedDraft) => DRAFTS.save(functionId, draft);

/** The ids of functions that have an unsaved draft in this browser; `new-…` for those that are not created yet. */
export const draftIds = (): string[] => DRAFTS.keys();

export const dropDraft = (functionId: string): void => DRAFTS.remove(functionId);

/** The event that was last in the panel, as text. */
export function loadEventText(functionId: string): string | null {
  const value = EVENTS.load(functionId);
  return typeof value === 'string' ? value : null;
}

export const saveEventText = (functionId: string, text: string) => EVENTS.save(functionId, text);

export const dropEventText = (functionId: string): void => EVENTS.remove(functionId);

function isSavedDraft(value: unknown): value is SavedDraft {
  if (typeof value !== 'object' || value === null) return false;
  const { revisionId, codeSha256, changes } = value as Partial<SavedDraft>;
  if (typeof revisionId !== 'string' || typeof codeSha256 !== 'string') return false;
  if (typeof changes !== 'object' || changes === null) return false;
  return Object.values(changes).every((text) => text === null || typeof text === 'string');
}
