import { getInvocation, invokeFunction, tryFunction } from '../../../../../src/client/generated/sdk.gen.ts';
import type { TryFunctionData } from '../../../../../src/client/generated/types.gen.ts';
import { call, client } from '../../../shared/api/call.ts';
import type { Invocation } from '../../../shared/api/types.ts';
import type { CodeChanges } from '../draft/draft-model.ts';
import { memberText } from '../result/member-text.ts';
import type { RunEnd } from './run-end.ts';

/** One run, as the result panel shows it. */
export interface RunReply {
  /** Unsaved code in a sandbox of its own, or a call of what is deployed. */
  kind: 'try' | 'call';
  invocation: Invocation;
  /** JSON text as the handler wrote it, or the text it streamed; null when it failed. */
  result: string | null;
  /** By `performance.now()`: when the reply was here. */
  repliedAtMs: number;
}

export interface RunRequest {
  functionName: string;
  /** JSON text; sent byte for byte, so that its numbers stay as they were written. */
  eventText: string;
  end: RunEnd;
}

/** The record of a call is complete a moment after its reply. */
const RECORD_WAIT_MAX_MS = 5_000;
const RECORD_LOOK_EVERY_MS = 60;

const asIs = (body: unknown): string => body as string;

/** What is run: code, and settings where they are not those of a deployed function. */
export interface UnsavedFunction {
  code: { files: Record<string, string> } | { changes: CodeChanges };
  settings?: TryFunctionData['body']['settings'];
}

/** Runs unsaved code; deploys nothing. Rejects with an ApiProblem when nothing ran. */
export async function runDraft(
  { functionName, eventText, end }: RunRequest,
  unsaved: UnsavedFunction,
): Promise<RunReply> {
  const reply = tryFunction({
    client,
    path: { name: functionName },
    body: `{"event":${eventText},${JSON.stringify(unsaved).slice(1)}` as never,
    bodySerializer: asIs,
    parseAs: 'text',
    headers: { 'coldframe-cancel-token': end.cancelToken },
    signal: end.signal,
  });
  const text = (await call(reply)) as unknown as string;
  const repliedAtMs = performance.now();
  const { invocation, resultText } = JSON.parse(text) as { invocation: Invocation; resultText: string | null };
  const result = invocation.outcome === 'ok' ? (resultText ?? memberText(text, 'result')) : null;
  return { kind: 'try', invocation, result, repliedAtMs };
}

/** Calls what is deployed. Rejects with an ApiProblem when nothing ran. */
export async function callDeployed({ functionName, eventText, end }: RunRequest): Promise<RunReply> {
  const reply = await invokeFunction({
    client,
    path: { ref: functionName },
    body: eventText as never,
    bodySerializer: asIs,
    parseAs: 'text',
    headers: { 'coldframe-cancel-token': end.cancelToken },
    signal: end.signal,
  });
  const repliedAtMs = performance.now();
  const id = reply.response?.headers.get('coldframe-invocation-id') ?? null;
  if (id === null) await call(Promise.resolve(reply));
  const result = reply.response?.ok ? (reply.data as unknown as string) : null;
  return { kind: 'call', invocation: await finishedRecord(id as string, end.signal), result, repliedAtMs };
}

async function finishedRecord(id: string, signal: AbortSignal): Promise<Invocation> {
  const endAtMs = performance.now() + RECORD_WAIT_MAX_MS;
  for (;;) {
    const invocation = await call(getInvocation({ client, path: { id }, signal }));
    if (invocation.state === 'finished' || performance.now() > endAtMs) return invocation;
    await new Promise((wake) => setTimeout(wake, RECORD_LOOK_EVERY_MS));
  }
}
