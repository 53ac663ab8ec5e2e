import { LATEST } from './pointers.ts';

/** `name` or `name:qualifier`, as callers and destinations write it; no qualifier means `$LATEST`. Checks neither part. */
export function functionRef(text: string): { name: string; qualifier: string } {
  const colon = text.indexOf(':');
  return colon === -1
    ? { name: text, qualifier: LATEST }
    : { name: text.slice(0, colon), qualifier: text.slice(colon + 1) };
}
