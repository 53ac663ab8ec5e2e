import type { CodeInput } from '../../../catalog/catalog-input.ts';
import type { FunctionView } from '../../../catalog/function-view.ts';
import { ColdframeError } from '../../../errors/coldframe-error.ts';
import type { HttpDeps } from '../../deps.ts';
import { FunctionOrigins } from '../../function-url/function-origins.ts';

/** A function as the API sends it. `url` is where it answers; the url settings move beside it. */
export function functionBody(view: FunctionView, config: HttpDeps['config']) {
  const { urlId, url: urlSettings, ...rest } = view;
  const origins = new FunctionOrigins({ ...config, functionDomain: config.functionDomain ?? null });
  return { ...rest, url: `${config.functionOrigin()}/fn/${urlId}`, pageUrl: pageUrlOf(origins.of(urlId)), urlSettings };
}

function pageUrlOf(origin: string | null): string | null {
  return origin === null ? null : `${origin}/`;
}

export interface CodeBody {
  source?: string;
  files?: Record<string, string>;
  changes?: Record<string, string | null>;
}

/** Throws `invalid_request` unless exactly one of the members is there. */
export function codeOf({ source, files, changes }: CodeBody, path: string): CodeInput {
  const given: CodeInput[] = [];
  if (source !== undefined) given.push({ source });
  if (files !== undefined) given.push({ files });
  if (changes !== undefined) given.push({ changes });
  if (given.length === 1) return given[0] as CodeInput;
  throw new ColdframeError('invalid_request', {
    errors: [{ path, message: 'must have exactly one of source, files and (over deployed code) changes' }],
  });
}
