import type { RouteEntry, UrlTarget } from '../../catalog/view/catalog-entries.ts';
import type { UrlCatalog } from '../deps.ts';
import { isUrlId } from './function-origins.ts';
import { RouteTable } from './route-table.ts';

/** Which function a request is for, and what its event says of the path. */
export interface FunctionMatch {
  /** True when the function answers under an origin of its own, which no other function shares. */
  isOwnOrigin: boolean;
  found: UrlTarget;
  rawPath: string;
  rawQueryString: string;
  routeKey: string;
  pathParameters: Record<string, string> | null;
}

const PREFIX = '/fn/';
const DEFAULT_ROUTE = '$default';

/** Finds functions by `/fn/{urlId or name}/...` and by route. The route table is made anew when the routes change. */
export class FunctionPaths {
  readonly #urls: UrlCatalog;
  #entries: readonly RouteEntry[] | null = null;
  #table = new RouteTable([]);

  constructor(urls: UrlCatalog) {
    this.#urls = urls;
  }

  /**
   * For a request to the function's own origin: the whole path is the function's own, and its routes count there too.
   */
  matchOwn(urlId: string, method: string, url: string): FunctionMatch | 'unknown url' {
    const found = this.#urls.byUrlId(urlId);
    if (!found) return 'unknown url';
    const { path, rawQueryString } = split(url);
    const byRoute = this.#byRoute(method, path, rawQueryString);
    if (byRoute?.found.urlId === urlId) return { ...byRoute, isOwnOrigin: true };
    return {
      found,
      rawPath: path,
      rawQueryString,
      routeKey: DEFAULT_ROUTE,
      pathParameters: null,
      isOwnOrigin: true,
    };
  }

  match(method: string, url: string): FunctionMatch | 'unknown url' | 'no route' {
    const { path, rawQueryString } = split(url);
    if (path.startsWith(PREFIX)) return this.#byUrl(path, rawQueryString);
    return this.#byRoute(method, path, rawQueryString) ?? 'no route';
  }

  #byUrl(path: string, rawQueryString: string): FunctionMatch | 'unknown url' {
    const slash = path.indexOf('/', PREFIX.length);
    const id = slash === -1 ? path.slice(PREFIX.length) : path.slice(PREFIX.length, slash);
    // A dead id finds nothing, even when a later function took that id as its name in order to get those calls.
    const found = isUrlId(id) ? this.#urls.byUrlId(id) : (this.#urls.byUrlId(id) ?? this.#urls.byName(id));
    if (!found) return 'unknown url';
    const rawPath = slash === -1 ? '/' : path.slice(slash);
    return { found, rawPath, rawQueryString, routeKey: DEFAULT_ROUTE, pathParameters: null, isOwnOrigin: false };
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
    return { found, rawPath: path, rawQueryString, routeKey, pathParameters: parameters, isOwnOrigin: false };
  }
}

function split(url: string): { path: string; rawQueryString: string } {
  const query = url.indexOf('?');
  if (query === -1) return { path: url, rawQueryString: '' };
  return { path: url.slice(0, query), rawQueryString: url.slice(query + 1) };
}
