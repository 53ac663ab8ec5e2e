import type { RouteEntry, UrlCatalog, UrlTarget } from '../deps.ts';
import { RouteTable } from './route-table.ts';

/** Which function a request is for, and what its event says of the path. */
export interface FunctionMatch {
  found: UrlTarget;
  rawPath: string;
  rawQueryString: string;
  routeKey: string;
  pathParameters: Record<string, string> | null;
}

const PREFIX = '/fn/';
const DEFAULT_ROUTE = '$default';

/** Finds functions by `/fn/{urlId or name}/...` and by route; the route table is made anew when the routes change. */
export class FunctionPaths {
  readonly #urls: UrlCatalog;
  #entries: readonly RouteEntry[] | null = null;
  #table = new RouteTable([]);

  constructor(urls: UrlCatalog) {
    this.#urls = urls;
  }

  match(method: string, url: string): FunctionMatch | 'unknown url' | 'no route' {
    const query = url.indexOf('?');
    const path = query === -1 ? url : url.slice(0, query);
    const rawQueryString = query === -1 ? '' : url.slice(query + 1);
    if (path.startsWith(PREFIX)) return this.#byUrl(path, rawQueryString);
    return this.#byRoute(method, path, rawQueryString) ?? 'no route';
  }

  #byUrl(path: string, rawQueryString: string): FunctionMatch | 'unknown url' {
    const slash = path.indexOf('/', PREFIX.length);
    const id = slash === -1 ? path.slice(PREFIX.length) : path.slice(PREFIX.length, slash);
    const found = this.#urls.byUrlId(id) ?? this.#urls.byName(id);
    if (!found) return 'unknown url';
    const rawPath = slash === -1 ? '/' : path.slice(slash);
    return { found, rawPath, rawQueryString, routeKey: DEFAULT_ROUTE, pathParameters: null };
  }

  #byRoute(method: string, path: string, rawQueryString: string): FunctionMatch | null {
    const entries = this.#urls.routes();
    if (entries !== this.#entries) {
      this.#entries = entries;
      this.#table = new RouteTable(entries);
    }
    const match = this.#table.match(method, path);
    const found = match && this.#urls.byFunctionId(match.entry.functionId);
    if (!match || !found) return null;
    const { entry, parameters } = match;
    const routeKey = `${entry.method} ${entry.path}`;
    return { found, rawPath: path, rawQueryString, routeKey, pathParameters: parameters };
  }
}
