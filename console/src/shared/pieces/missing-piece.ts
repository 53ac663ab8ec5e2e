/** Why a piece of the console did not arrive. */
export type MissingReason = 'updated' | 'unreachable' | 'unknown';

/** A piece of the console could not be loaded, after several tries. */
export class MissingPiece extends Error {
  readonly reason: MissingReason;
  /** The next time the piece is shown, it is asked for again. */
  readonly forget: () => void;

  constructor(reason: MissingReason, forget: () => void, cause: unknown) {
    super('A part of the console could not be loaded.', { cause });
    this.name = 'MissingPiece';
    this.reason = reason;
    this.forget = forget;
  }
}
