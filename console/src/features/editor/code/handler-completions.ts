import type { Completion, CompletionContext, CompletionResult } from '@codemirror/autocomplete';

import type { Language } from '../../../../../src/domain/runtimes.ts';

const CONTEXT: Record<Language, readonly (readonly [string, string])[]> = {
  nodejs: [
    ['awsRequestId', 'the id of this call'],
    ['functionName', 'the name of this function'],
    ['functionVersion', '$LATEST or a number'],
    ['invokedFunctionArn', 'the ARN it was called by'],
    ['memoryLimitInMB', 'text'],
    ['getRemainingTimeInMillis()', 'until the timeout'],
    ['logGroupName', ''],
    ['logStreamName', ''],
  ],
  python: [
    ['aws_request_id', 'the id of this call'],
    ['function_name', 'the name of this function'],
    ['function_version', '$LATEST or a number'],
    ['invoked_function_arn', 'the ARN it was called by'],
    ['memory_limit_in_mb', 'text'],
    ['get_remaining_time_in_millis()', 'until the timeout'],
    ['log_group_name', ''],
    ['log_stream_name', ''],
  ],
};

/** What a handler finds in its `context`, after the dot. */
export function contextCompletions(language: Language): (context: CompletionContext) => CompletionResult | null {
  const options: Completion[] = CONTEXT[language].map(([label, detail]) => ({ label, detail, type: 'property' }));
  return (context) => {
    const before = context.matchBefore(/\bcontext\.\w*/);
    if (before === null) return null;
    return { from: before.from + 'context.'.length, options, validFor: /^\w*$/ };
  };
}
