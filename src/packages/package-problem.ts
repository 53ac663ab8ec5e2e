import { ColdframeError } from '../errors/coldframe-error.ts';

/** A package refused for what its author put in it; `path` is the file's own name inside the package. */
export function packageProblem(code: 'invalid_zip' | 'invalid_code', path: string, message: string): ColdframeError {
  return new ColdframeError(code, { errors: [{ path: printable(path), message }] });
}

/** Turns a file system failure of ours into its catalogue code. The host path stays in the cause. */
export function diskProblem(error: unknown): ColdframeError {
  if (error instanceof ColdframeError) return error;
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'ENOSPC' || code === 'EDQUOT') return new ColdframeError('storage_full', { cause: error });
  if (code === 'EROFS' || code === 'EACCES' || code === 'EPERM') {
    return new ColdframeError('storage_read_only', { cause: error });
  }
  return new ColdframeError('internal', { cause: error, internalMessage: 'a package could not be written or read' });
}

const SHOWN_NAME_MAX_CHARS = 200;

function printable(path: string): string {
  const shown = path.replace(/[\x00-\x1f\x7f]/g, '\uFFFD');
  return shown.length > SHOWN_NAME_MAX_CHARS ? `${shown.slice(0, SHOWN_NAME_MAX_CHARS)}…` : shown;
}
