import { ColdframeError } from '../../errors/coldframe-error.ts';

const ID = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** The invocation's id in a cursor. Any other text is an `invalid_request` that names the cursor. */
export function invocationIdOf(cursor: string): string {
  if (ID.test(cursor)) return cursor;
  throw new ColdframeError('invalid_request', {
    errors: [{ path: '/query/cursor', message: 'is not a cursor of this list' }],
  });
}
