import { exchange } from './raw-http.ts';

/** One operation of the OpenAPI document, as far as odd requests to it need it. */
export interface Operation {
  parameters?: { name: string; in: string }[];
  requestBody?: unknown;
}

export interface Route {
  method: string;
  path: string;
  operation: Operation;
}

/** Pages have no place in the document. */
const PAGES = [
  ...['/', '/console/index.js', '/errors/internal', '/healthz', '/readyz', '/metrics', '/nowhere', '/api/v1'],
  '/api/v1/',
];

/** Every operation of the document, and the pages. */
export function routesOf(paths: Record<string, Record<string, Operation>>): Route[] {
  return [
    ...Object.entries(paths).flatMap(([path, item]) =>
      Object.entries(item).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
    ),
    ...PAGES.map((path) => ({ method: 'GET', path, operation: {} })),
  ];
}

/** As they stand in a request line. */
const SEGMENTS = {
  '300 characters': 'a'.repeat(300),
  '5,000 characters': 'a'.repeat(5_000),
  'an encoded NUL': 'a%00b',
  'an escape that is none': '%zz',
  'half an escape': 'a%',
  'no UTF-8': '%ff%fe',
  'a way up': '..%2f..%2fetc%2fpasswd',
  'an encoded slash': 'a%2Fb',
  'a lone surrogate': '%ED%A0%80',
  nothing: '',
  'a prototype': '__proto__',
  'a quote': "a'%22;--",
};
const METHODS = [
  'QUERY',
  'PROPFIND',
  'TRACE',
  'OPTIONS',
  'HEAD',
  'PATCH',
  'PUT',
  'DELETE',
  'POST',
  'GET',
  'MKCOL',
  'LINK',
  'NONSENSE',
];
const HEADERS = {
  'two content types': 'content-type: application/json\r\ncontent-type: text/plain\r\n',
  'two keys': 'authorization: Bearer nobody\r\n',
  'a key of another scheme': 'authorization: Basic OjpAOjo=\r\n',
  'junk cookies': `cookie: ${Array.from({ length: 60 }, (_, n) => `coldframe_session=cfs_${String(n).padStart(43, 'x')}`).join('; ')}\r\n`,
  'cookies that are none': 'cookie: =; ;;=x; coldframe_session; coldframe_session==\r\n',
  'two tags': 'if-match: "a"\r\nif-match: *\r\n',
  'a tag that is none': 'if-match: \\"\r\nif-none-match: W/\r\n',
  'a type with junk': 'content-type: ;;;=\r\n',
  'a charset nobody knows': 'content-type: application/json; charset=utf-64\r\n',
  'an encoding nobody knows': 'content-encoding: br, gzip, zstd\r\n',
  ranges: 'range: bytes=99-1,-5,x\r\n',
  'a trace that is none': 'x-amzn-trace-id: Root=;;;\r\ntraceparent: 00-0-0-0\r\n',
  'a last event that is none': 'last-event-id: \x01\xff\r\n',
  'an expectation': 'expect: 200-maybe\r\n',
  'an upgrade': 'upgrade: h2c\r\nconnection: upgrade, http2-settings\r\n',
  'numbers as isolation': 'coldframe-min-isolation: 99\r\ncoldframe-cancel-token: \x7f\r\n',
};
const VALUES = [
  '',
  'x',
  '-1',
  '0',
  '1e999',
  'NaN',
  '99999999999999999999',
  '1.5',
  '%00',
  '%ff',
  'a'.repeat(4_000),
  '[]',
  'true',
  '2026-99-99',
  '__proto__',
];
const CURSORS = [
  'x',
  '%00',
  'bnVsbA',
  'W10',
  'WzEsMiwzXQ',
  'eyJhIjoxfQ',
  Buffer.from('["name","a",{}]').toString('base64url'),
  'A'.repeat(3_000),
];
const QUERIES = ['?', '?&&', '?=', '?a', '?%', `?${'a=1&'.repeat(1_000)}`, '#x'];
const TYPES = [
  '',
  'content-type: text/plain\r\n',
  'content-type: application/zip\r\n',
  'content-type: multipart/form-data; boundary=\r\n',
];
const BODIES = ['', '{', '{}', 'null', '[]', '"x"', '\xff\xfe', '{"a":1e999}', '\ufeff{}'];

/** What is sent, by what is odd about it. */
type Named = [string, Buffer];

/** Makes odd requests with one key. */
export class OddRequests {
  readonly #key: string;

  constructor(key: string) {
    this.#key = key;
  }

  /** Every oddity for one route, by its kind. */
  of({ method, path, operation }: Route): Record<string, Named[]> {
    const good = filled(path, 'hello');
    const body = operation.requestBody === undefined ? null : '{}';
    const names = (operation.parameters ?? []).filter((one) => one.in === 'query').map(({ name }) => name);
    const at = (target: string): Buffer => this.#text(method, target, '', body);
    return {
      segments: Object.entries(SEGMENTS).flatMap(([name, segment]): Named[] => [
        [name, at(filled(path, segment))],
        [`${name} behind it`, at(`${good}/${segment}`)],
      ]),
      methods: this.#methods(good, '{}'),
      headers: Object.entries(HEADERS).map(([name, text]): Named => [name, this.#text(method, good, text, body)]),
      queries: [
        ...[...names, 'cursor', 'limit', 'unknown', 'q', '__proto__'].flatMap((name): Named[] => [
          ...VALUES.map((value): Named => [`${name}=${value}`, at(`${good}?${name}=${value}`)]),
          [`${name} twice`, at(`${good}?${name}=1&${name}=2`)],
        ]),
        ...CURSORS.map((cursor): Named => [`cursor=${cursor}`, at(`${good}?cursor=${cursor}`)]),
        ...QUERIES.map((query): Named => [query, at(`${good}${query}`)]),
      ],
      bodies:
        body === null
          ? []
          : BODIES.flatMap((text) =>
              TYPES.map((type): Named => [`${text}, ${type}`, this.#text(method, good, type, text)]),
            ),
    };
  }

  /** The same for a function's URL. */
  ofUrl(prefix: string): Named[] {
    const { pathname: good } = new URL(prefix, 'http://localhost');
    const get = (target: string): Named => [target, this.#text('GET', target)];
    return [
      ...Object.values(SEGMENTS).flatMap((segment) => [`/${segment}`, `/fn/${segment}`, `${good}/${segment}`].map(get)),
      ...VALUES.map((value) => get(`${good}?x=${value}`)),
      ...[
        '/fn',
        '/fn/',
        `/${good}`,
        good.replace('/fn/', '/fn//'),
        '*',
        `http://[${good}`,
        ...QUERIES.map((query) => good + query),
      ].map(get),
      ...this.#methods(good, '\xff\x00'),
      ...Object.entries(HEADERS).map(([name, text]): Named => [name, this.#text('POST', good, text, '{}')]),
    ];
  }

  #methods(target: string, body: string): Named[] {
    return METHODS.flatMap((odd): Named[] => [
      [odd, this.#text(odd, target)],
      [`${odd} with a body`, this.#text(odd, target, '', body)],
    ]);
  }

  #text(method: string, target: string, headers = '', body: string | null = null): Buffer {
    const content = body === null ? '' : `content-length: ${Buffer.byteLength(body, 'latin1')}\r\n`;
    const type = body === null || headers.includes('content-type') ? '' : 'content-type: application/json\r\n';
    const key = `authorization: Bearer ${this.#key}\r\n`;
    const head = `${method} ${target} HTTP/1.1\r\nhost: localhost\r\n${key}${type}${headers}${content}connection: close\r\n\r\n`;
    return Buffer.from(head + (body ?? ''), 'latin1');
  }
}

/** What fails at our end: an answer of 5xx, or none. Streams are left once their head is there. */
export async function failures(port: number, requests: readonly Named[]): Promise<string[]> {
  const failed: string[] = [];
  for (const [what, bytes] of requests) {
    const text = await exchange(port, bytes, (soFar) => soFar.includes('\r\n\r\n')).catch(String);
    const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(text)?.[1] ?? Number.NaN);
    if (!(status >= 200 && status < 500)) failed.push(`${what}: ${text.slice(0, 500)}`);
  }
  return failed;
}

function filled(path: string, value: string): string {
  return path.replace(/\{\w+\}/g, value);
}
