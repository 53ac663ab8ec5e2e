import type { GetInvocationResponses } from '../../client/generated/types.gen.ts';
import { visibleText } from '../../domain/visible-text.ts';
import { formatMib, formatMs } from './table.ts';

export type Invocation = GetInvocationResponses[200];

/** One invocation for a person: how it went, where the time went, what it printed, what went wrong. */
export function invocationText(invocation: Invocation): string {
  const lines = [
    `${invocation.id}  ${invocation.functionName}  ${invocation.outcome ?? invocation.state}  ${formatMs(invocation.durationMs)}`,
  ];
  for (const attempt of invocation.attempts) {
    const { phases, usage } = attempt;
    const reason = attempt.startReason ? ` (${attempt.startReason})` : '';
    lines.push(
      `attempt ${attempt.number}: ${attempt.start ?? 'not started'}${reason} under ${attempt.receipt?.isolation ?? '-'}, fence ${attempt.receipt?.fence ?? '-'}`,
    );
    lines.push(
      `  queue ${formatMs(phases.queueMs)}, claim ${formatMs(phases.claimMs)}, load ${formatMs(phases.loadMs)}, import ${formatMs(phases.importMs)}, handler ${formatMs(phases.handlerMs)}, total ${formatMs(phases.totalMs)}`,
    );
    lines.push(
      `  cpu ${formatMs(usage.cpuMs)}, peak memory ${formatMib(usage.maxMemoryMib)} (${usage.source ?? 'not measured'})`,
    );
    lines.push(...attempt.logs.map((line) => `  ${line.stream === 'stderr' ? '!' : '|'} ${visibleText(line.text)}`));
    if (attempt.pausedMs !== null && attempt.pausedMs > 0) {
      lines.push(
        `  (it printed or sent more than is taken from one sandbox, and was paused for ${formatMs(attempt.pausedMs)})`,
      );
    }
    if (attempt.logsTruncated) lines.push('  (output was cut)');
    if (attempt.error) lines.push(errorText(attempt.error));
  }
  return lines.join('\n');
}

export function errorText(error: { errorType: string; errorMessage: string; stackTrace: string[] }): string {
  return [
    `${visibleText(error.errorType)}: ${visibleText(error.errorMessage, true)}`,
    ...error.stackTrace.map((line) => visibleText(line, true)),
  ].join('\n  ');
}
