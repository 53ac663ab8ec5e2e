/** How a run that is on its way can be ended. */
export interface RunEnd {
  /** Aborts the request itself. */
  signal: AbortSignal;
  /** Sent with the call; the server cancels the call by it. */
  cancelToken: string;
}
