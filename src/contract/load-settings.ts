import type { RunnableRevision } from '../domain/runnable-revision.ts';
import type { LoadSettings } from './sandbox.ts';

/** What a sandbox is told of the revision it is bound to. */
export function loadSettings(target: RunnableRevision, concurrency: number): LoadSettings {
  const { handler, memoryMib, timeoutMs, initTimeoutMs } = target.settings;
  return {
    functionName: target.functionName,
    functionVersion: target.version,
    functionArn: target.functionArn,
    handler,
    memoryMib,
    timeoutMs,
    concurrency,
    env: target.env,
    initTimeoutMs,
  };
}
