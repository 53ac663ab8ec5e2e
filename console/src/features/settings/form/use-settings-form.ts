import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { getFunction, updateFunction } from '../../../../../src/client/generated/sdk.gen.ts';
import { plainProse } from '../../../../../src/domain/prose.ts';
import type { ApiProblem } from '../../../shared/api/api-problem.ts';
import { call, client } from '../../../shared/api/call.ts';
import { queryKeys } from '../../../shared/api/query-keys.ts';
import type { ColdframeFunction } from '../../../shared/api/types.ts';
import { type Edits, plannedPatch, type SettingsPatch } from './settings-patch.ts';
import { CHOICES, NUMBERS, type SettingsValues, TEXTS, valuesOf } from './settings-values.ts';

interface Desk {
  edits: Edits;
  /** The function when variables or tags were first touched. */
  before: ColdframeFunction | null;
}

const OWN_FIELDS: ReadonlySet<string> = new Set([...NUMBERS, ...TEXTS, ...CHOICES, 'env', 'routes', 'tags']);
const FIELDS_WITHIN = /^\/(env\/\w+|tags\/.+|url\/cors\/\w+|routes\/\d+(\/\w+)?)$/;

/** Whether a field of this form shows what is wrong there. */
const hasField = (path: string): boolean => OWN_FIELDS.has(path.slice(1)) || FIELDS_WITHIN.test(path);

const EMPTY: Desk = { edits: {}, before: null };
/** Edits survive a look at another tab, not a reload: they may hold secrets, which are never written down here. */
const DESKS = new Map<string, Desk>();
const DESKS_MAX = 20;

export interface SettingsForm {
  values: SettingsValues;
  set(edits: Edits): void;
  /** What is wrong with the field of that JSON pointer; null when nothing is known to be. */
  problemAt(path: string): string | null;
  /** The settings that would be changed. */
  changed: string[];
  canSave: boolean;
  /** What was typed somewhere cannot be sent. */
  hasProblems: boolean;
  isSaving: boolean;
  savedRevision: number | null;
  error: ApiProblem | null;
  /** Everything the refusal says stands at fields of this form. */
  isErrorAtFields: boolean;
  save(): void;
  reset(): void;
}

export function useSettingsForm(fn: ColdframeFunction): SettingsForm {
  const queries = useQueryClient();
  const [desk, setDesk] = useState(() => DESKS.get(fn.id) ?? EMPTY);
  const values = useMemo(() => ({ ...valuesOf(fn), ...desk.edits }), [fn, desk]);
  const { patch, problems } = useMemo(() => plannedPatch(desk.edits, fn, desk.before ?? fn), [desk, fn]);
  const put = (next: Desk): void => {
    setDesk(next);
    if (DESKS.size >= DESKS_MAX) DESKS.clear();
    DESKS.set(fn.id, next);
  };
  const mutation = useMutation<ColdframeFunction, ApiProblem, SettingsPatch>({
    mutationFn: (body) =>
      call(
        updateFunction({
          client,
          path: { name: fn.name },
          body,
          headers: { 'if-match': fn.etag } as never,
        }),
      ),
    onSuccess: (next) => {
      put(EMPTY);
      queries.setQueryData(queryKeys.function(fn.name), next);
      void queries.invalidateQueries({ queryKey: queryKeys.functions, exact: true });
    },
    onError: async (error) => {
      if (error.code !== 'function_changed') return;
      queries.setQueryData(queryKeys.function(fn.name), await call(getFunction({ client, path: { name: fn.name } })));
    },
  });
  const changed = Object.keys(patch);
  const canSave = changed.length > 0 && problems.size === 0;
  const refused = mutation.error?.fields ?? [];
  return {
    values,
    set(edits) {
      const before = desk.before ?? (edits.env === undefined && edits.tags === undefined ? null : fn);
      put({ edits: { ...desk.edits, ...edits }, before });
      if (mutation.isError || mutation.isSuccess) mutation.reset();
    },
    problemAt: (path) => {
      const message = problems.get(path) ?? refused.find((one) => one.path === path)?.message ?? null;
      return message === null ? null : plainProse(message);
    },
    changed,
    canSave,
    hasProblems: problems.size > 0,
    isSaving: mutation.isPending,
    savedRevision: mutation.data?.revision.number ?? null,
    error: mutation.error,
    isErrorAtFields: refused.length > 0 && refused.every(({ path }) => hasField(path)),
    save() {
      if (canSave && !mutation.isPending) mutation.mutate(patch);
    },
    reset() {
      put(EMPTY);
      mutation.reset();
    },
  };
}
