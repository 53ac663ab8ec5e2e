import type { UpdateFunctionData } from '../../../../../src/client/generated/types.gen.ts';
import type { ColdframeFunction } from '../../../shared/api/types.ts';
import { envPatch, envProblems, tagProblems } from './env-rows.ts';
import { CHOICES, type CorsValues, NUMBERS, type SettingsValues, TEXTS, valuesOf } from './settings-values.ts';

export type SettingsPatch = NonNullable<UpdateFunctionData['body']>;

/** What the person has touched; everything else follows what the function is now. */
export type Edits = Partial<SettingsValues>;

export interface PlannedPatch {
  patch: SettingsPatch;
  /** What cannot be sent, by JSON pointer as the API names fields. */
  problems: Map<string, string>;
}

/**
 * The edits as a merge patch of only what differs. `before` is the function as it was when variables or tags were first touched:
 * those that others add meanwhile are not taken for removed ones.
 */
export function plannedPatch(edits: Edits, fn: ColdframeFunction, before: ColdframeFunction = fn): PlannedPatch {
  const now = valuesOf(fn);
  const patch: Record<string, unknown> = {};
  const problems = new Map<string, string>();
  for (const name of NUMBERS) {
    const text = edits[name]?.trim();
    if (text === undefined || text === now[name]) continue;
    const number = Number(text);
    if (text === '') patch[name] = null;
    else if (Number.isFinite(number)) patch[name] = number;
    else problems.set(`/${name}`, 'Give a number, or nothing for the default.');
  }
  for (const name of [...TEXTS, ...CHOICES]) {
    const text = edits[name];
    if (text !== undefined && text !== now[name]) patch[name] = text;
  }
  const url: Record<string, unknown> = {};
  if (edits.auth !== undefined && edits.auth !== now.auth) url.auth = edits.auth;
  if (edits.cors !== undefined && !isEqual(edits.cors, now.cors)) url.cors = corsOf(edits.cors, problems);
  if (Object.keys(url).length > 0) patch.url = url;
  if (edits.routes !== undefined && !isEqual(edits.routes, now.routes)) patch.routes = edits.routes;
  if (edits.env !== undefined) {
    for (const [key, problem] of envProblems(edits.env)) problems.set(`/env/${key}`, problem);
    const env = envPatch(edits.env, before.env);
    if (Object.keys(env).length > 0) patch.env = env;
  }
  if (edits.tags !== undefined) {
    for (const [key, problem] of tagProblems(edits.tags)) problems.set(`/tags/${key}`, problem);
    const tags = envPatch(edits.tags, before.tags);
    if (Object.keys(tags).length > 0) patch.tags = tags;
  }
  return { patch: patch as SettingsPatch, problems };
}

/** Null, no rules at all, when everything is empty. */
function corsOf(values: CorsValues, problems: Map<string, string>): Record<string, unknown> | null {
  const cors: Record<string, unknown> = {};
  for (const name of ['allowOrigins', 'allowMethods', 'allowHeaders', 'exposeHeaders'] as const) {
    const list = values[name].split(/[\s,]+/).filter((one) => one !== '');
    if (list.length > 0) cors[name] = list;
  }
  if (values.allowCredentials) cors.allowCredentials = true;
  const age = values.maxAgeSeconds.trim();
  if (age !== '') {
    if (Number.isInteger(Number(age))) cors.maxAgeSeconds = Number(age);
    else problems.set('/url/cors/maxAgeSeconds', 'Give whole seconds.');
  }
  return Object.keys(cors).length > 0 ? cors : null;
}

function isEqual(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
