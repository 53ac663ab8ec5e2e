import Type from 'typebox';
import type { Principal } from '../../../auth/principal.ts';
import type { InvocationRecord } from '../../../domain/invocation.ts';
import { CATALOGUE } from '../../../errors/catalogue.ts';
import { ColdframeError } from '../../../errors/coldframe-error.ts';
import type { InvokeResult } from '../../../invoke/types.ts';
import { isOneValue } from '../../serving/body/json-members.ts';
import { nullable } from '../../serving/queries/list-schema.ts';
import { invocationBody } from './invocation-body.ts';
import { INVOCATION } from './invocation-schema.ts';

/** What `try` and `replay` answer: the whole record, and the result's JSON value or null. */
export const INVOCATION_OUTCOME = Type.Object({
  invocation: INVOCATION,
  result: Type.Any({ description: 'The handler’s result; null when it failed or sent no JSON.' }),
  resultText: nullable(
    Type.String({ description: 'What it sent when that is no JSON value, as a streamed text; null otherwise.' }),
  ),
});

/**
 * A text of at most this length is parsed to see that it is JSON. For a longer one only the structure is checked, so
 * that it does not hold the thread.
 */
const PARSED_MAX_BYTES = 256 * 1024;

/**
 * The finished call as JSON text, with the result's bytes set in as they are, and the logs for whoever may read them. Throws the refusal when nothing ran; whatever
 * the user's code did is a value here.
 */
export async function outcomeJson(result: InvokeResult, withLogs: boolean): Promise<string> {
  if (result.code !== null && (result.outcome === 'rejected' || result.outcome === 'throttled')) {
    const message = result.publicMessage ?? CATALOGUE[result.code].detail;
    throw new ColdframeError(result.code, { publicMessage: message });
  }
  const record = await result.record;
  const invocation = JSON.stringify(invocationBody(withLogs ? record : withoutLogs(record)));
  if (result.body === null) return `{"invocation":${invocation},"result":null,"resultText":null}`;
  const text = Buffer.from(result.body).toString('utf8');
  // The bytes come from a sandbox. Bytes that are not one JSON value must not change the reply around them.
  return isJson(result.body, text)
    ? `{"invocation":${invocation},"result":${text},"resultText":null}`
    : `{"invocation":${invocation},"result":null,"resultText":${JSON.stringify(text)}}`;
}

/**
 * Scope `read` is needed for logs. A key that may only invoke learns what its call returned, not what the function
 * printed.
 */
export function maySeeLogs({ scopes }: Principal): boolean {
  return scopes.includes('read') || scopes.includes('admin');
}

function withoutLogs(record: InvocationRecord): InvocationRecord {
  const attempts = record.attempts.map((attempt) => ({ ...attempt, logs: [], logsTruncated: false }));
  return { ...record, event: null, attempts };
}

function isJson(bytes: Uint8Array, text: string): boolean {
  if (bytes.byteLength > PARSED_MAX_BYTES) return isOneValue(bytes);
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
