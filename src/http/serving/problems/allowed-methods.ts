interface Pattern {
  segments: string[];
  methods: Set<string>;
}

/** Which methods a path takes, so that a wrong one is 405 with `Allow` instead of 404. */
export class AllowedMethods {
  readonly #patterns = new Map<string, Pattern>();

  add(method: string | string[], url: string): void {
    const pattern = this.#patterns.get(url) ?? { segments: url.split('/'), methods: new Set<string>() };
    for (const one of [method].flat()) pattern.methods.add(one);
    this.#patterns.set(url, pattern);
  }

  /** Every operation, except the HEAD ones that come with GET. */
  all(): { method: string; url: string }[] {
    return [...this.#patterns].flatMap(([url, { methods }]) =>
      [...methods].filter((method) => method !== 'HEAD').map((method) => ({ method, url })),
    );
  }

  /** Empty when no operation has that path. */
  of(url: string): string[] {
    const segments = (url.split('?', 1)[0] ?? '').split('/');
    const found = new Set<string>();
    for (const pattern of this.#patterns.values()) {
      if (matches(pattern.segments, segments)) for (const method of pattern.methods) found.add(method);
    }
    return [...found].sort();
  }
}

function matches(pattern: string[], segments: string[]): boolean {
  if (pattern.length !== segments.length) return false;
  return pattern.every((part, index) => (part.startsWith(':') ? segments[index] !== '' : part === segments[index]));
}
