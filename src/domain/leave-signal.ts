/** What waiting for a sandbox needs of an AbortSignal, which is one: whether the caller has left, and news of it. */
export interface LeaveSignal {
  readonly aborted: boolean;
  addEventListener(type: 'abort', listener: () => void): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}
