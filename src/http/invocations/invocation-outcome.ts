import Type from 'typebox';
import { CATALOGUE } from '../../errors/catalogue.ts';
import { ColdframeError } from '../../errors/coldframe-error.ts';
import type { InvokeResult } from '../../invoke/types.ts';
import { isOneValue } from '../body/json-members.ts';
import { invocationBody } from './invocation-body.ts';
import { INVOCATION } from './invocation-schema.ts';

/** What `try` and `replay` answer: the whole record, and the result's JSON value or null. */
export const INVOCATION_OUTCOME = Type.Object({
  invocation: INVOCATION,
  result: Type.Any({ description: 'The handler’s result; null when it failed.' }),
});

/**
 * The finished call as JSON text, with the result's bytes set in as they are. Throws the refusal when nothing ran; whatever
 * the user's code did is a value here.
 */
export async function outcomeJson(result: InvokeResult): Promise<string> {
  if (result.code !== null && (result.outcome === 'rejected' || result.outcome === 'throttled')) {
    const message = result.publicMessage ?? CATALOGUE[result.code].detail;
    throw new ColdframeError(result.code, { publicMessage: message });
  }
  const record = await result.record;
  // The bytes come from a sandbox: what is not one JSON value must not change the reply around it.
  const body = result.body !== null && isOneValue(result.body) ? Buffer.from(result.body).toString('utf8') : 'null';
  return `{"invocation":${JSON.stringify(invocationBody(record))},"result":${body}}`;
}
