import { ColdframeError, type ErrorCode } from '../../errors/coldframe-error.ts';

/** Primary result codes of SQLite (https://sqlite.org/rescode.html); extended ones carry them in the low byte. */
const SQLITE_PERM = 3;
const SQLITE_READONLY = 8;
const SQLITE_FULL = 13;
const SQLITE_CANTOPEN = 14;
const SQLITE_CONSTRAINT = 19;
/** An extended code: it says which constraint failed. */
const SQLITE_CONSTRAINT_PRIMARYKEY = 1555;
const SQLITE_CONSTRAINT_UNIQUE = 2067;
/** An extended code: the WAL's shared-memory file could not grow. A full tmpfs gives this code. */
const SQLITE_IOERR_SHMSIZE = 4874;

/** What the kernel says when the file of a database is made or given its mode, before SQLite opens it. */
const CODE_OF_ERRNO: Record<string, ErrorCode> = {
  EROFS: 'storage_read_only',
  EACCES: 'storage_read_only',
  EPERM: 'storage_read_only',
  ENOSPC: 'storage_full',
  EDQUOT: 'storage_full',
  EIO: 'storage_unavailable',
};

/**
 * A thrown value of node:sqlite, or of the file system below it, as an error of the catalogue. Anything else becomes
 * `internal`, with its cause.
 */
export function sqliteFailure(error: unknown): ColdframeError {
  if (error instanceof ColdframeError) return error;
  const resultCode = sqliteCode(error);
  const code = resultCode === null ? codeOfErrno(error) : codeOf(resultCode);
  return new ColdframeError(code, {
    internalMessage: `sqlite: ${error instanceof Error ? error.message : String(error)}`,
    cause: error,
  });
}

/** Whether a statement failed because another row has the same unique key. */
export function isUniqueViolation(error: unknown): boolean {
  const code = sqliteCode(error);
  return code === SQLITE_CONSTRAINT_UNIQUE || code === SQLITE_CONSTRAINT_PRIMARYKEY;
}

function sqliteCode(error: unknown): number | null {
  if (!(error instanceof Error) || !('errcode' in error)) return null;
  return typeof error.errcode === 'number' ? error.errcode : null;
}

function codeOfErrno(error: unknown): ErrorCode {
  if (!(error instanceof Error) || !('code' in error)) return 'internal';
  return CODE_OF_ERRNO[String(error.code)] ?? 'internal';
}

function codeOf(resultCode: number): ErrorCode {
  if (resultCode === SQLITE_IOERR_SHMSIZE) return 'storage_full';
  switch (resultCode & 0xff) {
    case SQLITE_FULL:
      return 'storage_full';
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
      return 'storage_read_only';
    case SQLITE_CONSTRAINT:
      return 'internal';
    default:
      return 'storage_unavailable';
  }
}
