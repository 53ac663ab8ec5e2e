import type { CodeInput } from '../../catalog/catalog-input.ts';
import type { FunctionView } from '../../catalog/function-view.ts';
import { ColdframeError } from '../../errors/coldframe-error.ts';
import type { HttpDeps } from '../deps.ts';

/** A function as the API sends it: `url` is where it answers; the url settings move beside it. */
export function functionBody(view: FunctionView, config: HttpDeps['config']) {
  const { etag: _etag, urlId, url: urlSettings, ...rest } = view;
  return { ...rest, url: `${config.functionOrigin()}/fn/${urlId}`, urlSettings };
}

/** Throws `invalid_request` unless exactly one of `source` and `files` is there. */
export function codeOf(code: { source?: string; files?: Record<string, string> }, path: string): CodeInput {
  if (code.source !== undefined && code.files === undefined) return { source: code.source };
  if (code.files !== undefined && code.source === undefined) return { files: code.files };
  throw new ColdframeError('invalid_request', {
    errors: [{ path, message: 'must have exactly one of source and files' }],
  });
}
