import { Suspense } from 'react';
import { Redirect, Route, Switch, useLocation } from 'wouter';
import { FunctionsScreen } from '../features/functions/functions-screen.tsx';
import { ErrorBoundary } from '../shared/page/error-boundary.tsx';
import { SkeletonRows } from '../shared/page/skeleton-rows.tsx';
import { lazyPiece } from '../shared/pieces/lazy-piece.ts';
import { NotFoundScreen } from './not-found-screen.tsx';

const FunctionScreen = lazyPiece(() => import('./function/function-screen.tsx'));
const NewFunctionScreen = lazyPiece(() => import('./create/new-function-screen.tsx'));
const InvocationsScreen = lazyPiece(() => import('../features/invocations/invocations-screen.tsx'));
const InvocationScreen = lazyPiece(() => import('../features/invocations/invocation-screen.tsx'));
const LogsScreen = lazyPiece(() => import('../features/logs/logs-screen.tsx'));
const MonitorScreen = lazyPiece(() => import('../features/monitor/monitor-screen.tsx'));
const PlatformScreen = lazyPiece(() => import('../features/platform/platform-screen.tsx'));

/** Every address of the console. The server knows them too: src/http/console/console-paths.ts. */
export function Routes() {
  const [path] = useLocation();
  return (
    <ErrorBoundary resetKey={path}>
      <Suspense fallback={<SkeletonRows label="Loading the screen" />}>
        <Switch>
          <Route path="/">
            <FunctionsScreen />
          </Route>
          <Route path="/functions">
            <Redirect to="/" replace />
          </Route>
          <Route path="/new">
            <NewFunctionScreen />
          </Route>
          <Route path="/functions/:name/:tab?">
            {({ name, tab }) => <FunctionScreen key={name} name={name} tab={tab ?? 'code'} />}
          </Route>
          <Route path="/invocations">
            <InvocationsScreen />
          </Route>
          <Route path="/invocations/:id">{({ id }) => <InvocationScreen key={id} id={id} />}</Route>
          <Route path="/monitor">
            <MonitorScreen />
          </Route>
          <Route path="/logs">
            <LogsScreen />
          </Route>
          <Route path="/platform">
            <PlatformScreen />
          </Route>
          <Route>
            <NotFoundScreen />
          </Route>
        </Switch>
      </Suspense>
    </ErrorBoundary>
  );
}
