const HOST = /^([^:[\]]+)(:\d{1,5})?$/;
/** URL ids as `urlId()` makes them. A function name of this form finds no function by URL. */
const URL_ID = /^[a-z2-7]{24}$/;
const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;
const LOCAL_DOMAIN = 'localhost';

export function isUrlId(text: string): boolean {
  return URL_ID.test(text);
}

export interface FunctionOriginsOptions {
  /**
   * The origin under which function URLs answer by path, e.g. `http://127.0.0.1:8643`. Known only once the server
   * listens.
   */
  functionOrigin(): string;
  /** A domain whose every subdomain reaches the function listener. Null when there is none. */
  functionDomain: string | null;
}

/**
 * An origin of its own for every function: `{urlId}.<domain>`, and `{urlId}.localhost` where the server is reached by loopback,
 * which browsers resolve by themselves. Pages of two functions then share no storage, cookies or service workers.
 */
export class FunctionOrigins {
  readonly #options: FunctionOriginsOptions;

  constructor(options: FunctionOriginsOptions) {
    this.#options = options;
  }

  /** The address at which a browser opens the function. Null when no name leads to an origin of its own. */
  of(urlId: string): string | null {
    if (!URL_ID.test(urlId)) return null;
    const { protocol, hostname, port } = new URL(this.#options.functionOrigin());
    const domain = this.#options.functionDomain ?? (LOOPBACK.test(hostname) ? LOCAL_DOMAIN : null);
    return domain === null ? null : `${protocol}//${urlId}.${domain}${port === '' ? '' : `:${port}`}`;
  }

  /** The function whose own origin this Host header names. Null for every other host. */
  urlIdOfHost(host: string | undefined): string | null {
    const name = HOST.exec(host ?? '')?.[1]
      ?.toLowerCase()
      .replace(/\.$/, '');
    const dot = name?.indexOf('.') ?? -1;
    if (name === undefined || dot === -1) return null;
    const domain = name.slice(dot + 1);
    if (domain !== LOCAL_DOMAIN && domain !== this.#options.functionDomain) return null;
    const urlId = name.slice(0, dot);
    return URL_ID.test(urlId) ? urlId : null;
  }

  /**
   * Whether whoever used this Host header can also reach the origins: they resolve on the host itself, or everywhere.
   */
  areReachableFrom(host: string | undefined): boolean {
    if (this.#options.functionDomain !== null) return true;
    const name = /^(\[[^\]]+\]|[^:]+)(?::\d{1,5})?$/.exec(host ?? '')?.[1]?.toLowerCase();
    return name !== undefined && LOOPBACK.test(name);
  }
}
