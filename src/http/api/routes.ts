import type { CancelTokens } from '../calls/cancel-tokens.ts';
import { documentInvoke } from '../calls/document-invoke.ts';
import type { InvokeEndpoint } from '../calls/invoke-endpoint.ts';
import { landing } from '../console/landing/landing.ts';
import type { HttpDeps } from '../deps.ts';
import type { App } from '../serving/app-types.ts';
import type { BodyBudget } from '../serving/body/body-budget.ts';
import type { WrongKeys } from '../serving/wrong-keys.ts';
import { getCode } from './code/get-code.ts';
import { putCode } from './code/put-code.ts';
import { cancelComparison } from './comparisons/cancel-comparison.ts';
import { getComparison } from './comparisons/get-comparison.ts';
import { listComparisons } from './comparisons/list-comparisons.ts';
import { startComparison } from './comparisons/start-comparison.ts';
import { createFunction } from './functions/create-function.ts';
import { deleteFunction } from './functions/delete-function.ts';
import { getFunction } from './functions/get-function.ts';
import { listFunctions } from './functions/list-functions.ts';
import { updateFunction } from './functions/update-function.ts';
import { cancelByToken } from './invocations/cancel-by-token.ts';
import { cancelInvocation } from './invocations/cancel-invocation.ts';
import { getInvocation } from './invocations/get-invocation.ts';
import { listInvocations } from './invocations/list-invocations.ts';
import { replayInvocation } from './invocations/replay-invocation.ts';
import { createKey } from './keys/create-key.ts';
import { deleteKey } from './keys/delete-key.ts';
import { listKeys } from './keys/list-keys.ts';
import { FeedStreams } from './live/feed-streams.ts';
import { live } from './live/live.ts';
import { functionLogs } from './logs/function-logs.ts';
import { functionErrors } from './metrics/function-errors.ts';
import { functionMetrics } from './metrics/function-metrics.ts';
import { functionsActivity } from './metrics/functions-activity.ts';
import { prometheus } from './metrics/prometheus.ts';
import { workspaceMetrics } from './metrics/workspace-metrics.ts';
import { docsPage } from './pages/docs-page.ts';
import { errorPage } from './pages/error-page.ts';
import { openApiDocument } from './pages/open-api-document.ts';
import { getPlatform } from './platform/get-platform.ts';
import { getPool } from './platform/get-pool.ts';
import { health } from './platform/health.ts';
import { listIsolation } from './platform/list-isolation.ts';
import { listRuntimes } from './platform/list-runtimes.ts';
import { createSignInLink } from './session/create-sign-in-link.ts';
import { getSession } from './session/get-session.ts';
import { signIn } from './session/sign-in.ts';
import { signOut } from './session/sign-out.ts';
import { getTemplate } from './templates/get-template.ts';
import { listTemplates } from './templates/list-templates.ts';
import { deleteTestEvent } from './test-events/delete-test-event.ts';
import { getTestEvent } from './test-events/get-test-event.ts';
import { listTestEvents } from './test-events/list-test-events.ts';
import { putTestEvent } from './test-events/put-test-event.ts';
import { tryFunction } from './try/try-function.ts';

export interface RouteParts {
  endpoint: InvokeEndpoint;
  budget: BodyBudget;
  cancelTokens: CancelTokens;
  wrongKeys: WrongKeys;
}

/** Every operation of the console's listener, one line each. */
export function registerRoutes(
  app: App,
  deps: HttpDeps,
  { endpoint, budget, cancelTokens, wrongKeys }: RouteParts,
): void {
  const streams = new FeedStreams(deps);
  app.addHook('preClose', async () => streams.endAll());

  for (const register of [listFunctions, createFunction, getFunction, updateFunction, deleteFunction])
    register(app, deps);
  for (const register of [getCode, putCode]) register(app, deps);
  documentInvoke(app, endpoint);
  tryFunction(app, deps, { budget, cancelTokens });
  startComparison(app, deps, budget);
  for (const register of [listComparisons, getComparison, cancelComparison]) register(app, deps);
  for (const register of [listInvocations, getInvocation, cancelInvocation, replayInvocation]) register(app, deps);
  cancelByToken(app, deps, cancelTokens);
  for (const register of [functionLogs, live]) register(app, deps, streams);
  for (const register of [functionMetrics, workspaceMetrics, functionsActivity, functionErrors, prometheus])
    register(app, deps);
  for (const register of [listTestEvents, getTestEvent, deleteTestEvent]) register(app, deps);
  putTestEvent(app, deps, budget);
  for (const register of [listTemplates, getTemplate]) register(app, deps);
  signIn(app, deps, wrongKeys);
  for (const register of [getSession, signOut, createSignInLink]) register(app, deps);
  for (const register of [createKey, listKeys, deleteKey]) register(app, deps);
  for (const register of [getPlatform, listIsolation, getPool, listRuntimes, health]) register(app, deps);
  for (const register of [landing, docsPage, openApiDocument, errorPage]) register(app);
}
