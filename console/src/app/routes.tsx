import { lazy, Suspense } from 'react';
import { Redirect, Route, Switch, useLocation } from 'wouter';
import { FunctionsScreen } from '../features/functions/functions-screen.tsx';
import { SkeletonRows } from '../shared/page/skeleton-rows.tsx';
import { ErrorBoundary } from './error-boundary.tsx';
import { NotFoundScreen } from './not-found-screen.tsx';

const FunctionScreen = lazy(() => import('./function/function-screen.tsx'));
const NewFunctionScreen = lazy(() => import('./create/new-function-screen.tsx'));
const InvocationsScreen = lazy(() => import('../features/invocations/invocations-screen.tsx'));
const InvocationScreen = lazy(() => import('../features/invocations/invocation-screen.tsx'));
const LogsScreen = lazy(() => import('../features/logs/logs-screen.tsx'));
const MonitorScreen = lazy(() => import('../features/monitor/monitor-screen.tsx'));
const PlatformScreen = lazy(() => import('../features/platform/platform-screen.tsx'));

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
