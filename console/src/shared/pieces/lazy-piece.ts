import { type ComponentType, createElement, lazy, type ReactNode } from 'react';
import { loadPiece, whyMissing } from './load-piece.ts';
import { MissingPiece } from './missing-piece.ts';

/**
 * A part of the console that is loaded when it is first shown. React's own `lazy` remembers a failure for as long as the page
 * lives; this one throws a MissingPiece, and asks again once that was told to `forget`.
 */
export function lazyPiece<P extends object>(
  load: () => Promise<{ default: ComponentType<P> }>,
): (props: P) => ReactNode {
  const begin = () =>
    lazy<ComponentType<P>>(() =>
      loadPiece(load).catch(async (error: unknown) => {
        throw new MissingPiece(await whyMissing(), () => (Piece = begin()), error);
      }),
    );
  let Piece = begin();
  return (props) => createElement(Piece as ComponentType<P>, props);
}
