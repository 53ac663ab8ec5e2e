import type {
  GetFunctionResponses,
  GetInvocationResponses,
  GetTemplateResponses,
  ListFunctionsResponses,
  ListIsolationResponses,
  ListKeysResponses,
  PlatformResponses,
  PoolResponses,
} from '../../../../src/client/generated/types.gen.ts';

/** What the API answers, by the words of the glossary. */
export type ColdframeFunction = GetFunctionResponses[200];
export type FunctionSummary = ListFunctionsResponses[200]['items'][number];
export type Invocation = GetInvocationResponses[200];
export type Attempt = Invocation['attempts'][number];
export type IsolationStatus = ListIsolationResponses[200]['items'][number];
export type Platform = PlatformResponses[200];
export type PoolState = PoolResponses[200];
export type ApiKey = ListKeysResponses[200]['items'][number];
/** A function to start from: its settings, files and events. */
export type Template = GetTemplateResponses[200];
