import { Component, type ReactNode } from 'react';
import { ProblemNotice } from '../shared/page/problem-notice.tsx';
import classes from './error-boundary.module.css';

interface State {
  error: unknown;
}

/** A screen that fails says so and leaves the rest of the page usable; another address (`resetKey`) tries anew. */
export class ErrorBoundary extends Component<{ children: ReactNode; resetKey?: string }, State> {
  override state: State = { error: null };

  static getDerivedStateFromError(error: unknown): State {
    return { error };
  }

  override componentDidUpdate(previous: { resetKey?: string }): void {
    if (previous.resetKey !== this.props.resetKey && this.state.error !== null) this.setState({ error: null });
  }

  override render(): ReactNode {
    const { error } = this.state;
    if (error === null) return this.props.children;
    return (
      <div className={classes.room}>
        {isMissingPiece(error) ? (
          <p role="alert">
            The console was updated on the server. <a href={window.location.href}>Reload the page</a> to go on.
          </p>
        ) : (
          <ProblemNotice error={error} onRetry={() => this.setState({ error: null })} />
        )}
      </div>
    );
  }
}

/** Lazy pieces carry a hash in their name; an older page asks for ones that are gone. */
function isMissingPiece(error: unknown): boolean {
  return error instanceof TypeError && /dynamically imported module|importing a module script/i.test(error.message);
}
