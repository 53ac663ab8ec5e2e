export interface FirstRun {
  eventText: string;
  /** The saved event it is; empty when it is none. */
  eventName: string;
}

/**
 * What the page before asked to be run on arrival. It travels in the history's state, which no link from elsewhere can set:
 * following a link never runs a function. Taken once; a reload runs nothing.
 */
export function takeFirstRun(): FirstRun | null {
  const state = window.history.state as { firstRun?: Partial<FirstRun> } | null;
  const { eventText, eventName } = state?.firstRun ?? {};
  if (typeof eventText !== 'string') return null;
  window.history.replaceState(null, '');
  return { eventText, eventName: String(eventName ?? '') };
}
