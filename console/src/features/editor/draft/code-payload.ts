import type { CodeChanges, DraftModel } from './draft-model.ts';

/** Sending more than this on each run would be felt. */
const WHOLE_MAX_CHARS = 512 * 1024;

/**
 * The draft as the API takes it: whole, so that it does not depend on what is deployed by then; as changes where the package
 * holds what the editor cannot send, or is large.
 */
export function codePayload(draft: DraftModel): { files: Record<string, string> } | { changes: CodeChanges } {
  const files = draft.files();
  const chars = Object.values(files).reduce((sum, text) => sum + text.length, 0);
  const { binaryFiles, executableFiles, links } = draft.snapshot().base;
  const holdsMore = binaryFiles.length + executableFiles.length + links.length > 0;
  if (holdsMore || chars > WHOLE_MAX_CHARS) return { changes: draft.changes() };
  return { files };
}
