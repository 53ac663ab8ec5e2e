import { Component, type ReactNode } from 'react';
import { MissingPiece } from '../pieces/missing-piece.ts';
import { MissingPieceNotice } from '../pieces/missing-piece-notice.tsx';
import classes from './error-boundary.module.css';
import { ProblemNotice } from './problem-notice.tsx';

interface Props {
  children: ReactNode;
  /** Another value tries anew, as another address does. */
  resetKey?: string;
  /** Puts the notice where the part would have stood, for example into a dialog. */
  frame?(notice: ReactNode): ReactNode;
}

interface State {
  error: unknown;
}

/** A part of the page that fails says so and leaves the rest usable. */
export class ErrorBoundary extends Component<Props, State> {
  override state: State = { error: null };

  static getDerivedStateFromError(error: unknown): State {
    return { error };
  }

  override componentDidUpdate(previous: Props): void {
    if (previous.resetKey !== this.props.resetKey && this.state.error !== null) this.#tryAgain();
  }

  override componentWillUnmount(): void {
    forget(this.state.error);
  }

  readonly #tryAgain = (): void => {
    forget(this.state.error);
    this.setState({ error: null });
  };

  override render(): ReactNode {
    const { error } = this.state;
    if (error === null) return this.props.children;
    const notice = (
      <div className={classes.room}>
        {error instanceof MissingPiece ? (
          <MissingPieceNotice reason={error.reason} onRetry={this.#tryAgain} />
        ) : (
          <ProblemNotice error={error} onRetry={this.#tryAgain} />
        )}
      </div>
    );
    return this.props.frame?.(notice) ?? notice;
  }
}

function forget(error: unknown): void {
  if (error instanceof MissingPiece) error.forget();
}
