import { useCallback, useMemo, useRef } from 'react';
import { useLocation, useSearch } from 'wouter';
import { readUrlState, writeUrlState } from './url-state.ts';

type SetUrlState<T> = (patch: Partial<T>, history?: 'replace' | 'push') => void;

/**
 * View state that lives in the address: filters, time ranges, selected rows. Values are strings; one that equals its default
 * is left out of the address. `push` makes a step that Back undoes (a brush, a chosen row); typing replaces.
 */
export function useUrlState<T extends Record<string, string>>(defaults: T): [T, SetUrlState<T>] {
  const search = useSearch();
  const [, navigate] = useLocation();
  const fixed = useRef(defaults).current;
  const state = useMemo(() => readUrlState(search, fixed), [search, fixed]);
  const set = useCallback<SetUrlState<T>>(
    (patch, history = 'replace') => {
      // The address bar, not this render's: two hooks may write in one turn.
      const query = writeUrlState(window.location.search, fixed, patch);
      navigate(`${window.location.pathname}${query}`, { replace: history === 'replace' });
    },
    [navigate, fixed],
  );
  return [state, set];
}
