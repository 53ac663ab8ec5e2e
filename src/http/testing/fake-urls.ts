import type { RouteEntry, UrlTarget } from '../../catalog/view/catalog-entries.ts';
import type { HttpDeps } from '../deps.ts';

export type FakeUrls = HttpDeps['urls'] & { byUrl: Map<string, UrlTarget>; table: RouteEntry[] };

export function fakeUrls(): FakeUrls {
  const byUrl = new Map<string, UrlTarget>();
  const table: RouteEntry[] = [];
  const find = (wanted: (target: UrlTarget) => boolean): UrlTarget | null => [...byUrl.values()].find(wanted) ?? null;
  return {
    byUrl,
    table,
    byUrlId: (urlId) => byUrl.get(urlId) ?? null,
    byName: (name) => find(({ target }) => target.functionName === name),
    byFunctionId: (functionId) => find(({ target }) => target.functionId === functionId),
    routes: () => table,
  };
}
