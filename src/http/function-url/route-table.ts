import type { RouteEntry } from '../../catalog/view/catalog-entries.ts';

interface Node {
  literals: Map<string, Node>;
  parameter: Node | null;
  /** Functions whose route ends here, by method. */
  exact: Map<string, RouteEntry>;
  /** Functions with a `{name+}` that takes the rest from here, by method. */
  greedy: Map<string, RouteEntry>;
}

export interface RouteMatch {
  entry: RouteEntry;
  /** Decoded values by name. */
  parameters: Record<string, string>;
}

const PARAMETER = /^\{([^{}+]+)(\+?)\}$/;
const ANY = 'ANY';

/** Routes as a tree of path segments: the most specific wins, segment by segment (text, then {name}, then {name+}). */
export class RouteTable {
  readonly #root: Node = emptyNode();

  constructor(entries: readonly RouteEntry[]) {
    for (const entry of entries) this.#add(entry);
  }

  match(method: string, path: string): RouteMatch | null {
    const segments = segmentsOf(path);
    const entry = find(this.#root, segments, 0, method);
    return entry ? { entry, parameters: parametersOf(entry, segments) } : null;
  }

  #add(entry: RouteEntry): void {
    let node = this.#root;
    for (const segment of segmentsOf(entry.path)) {
      const parameter = PARAMETER.exec(segment);
      if (parameter?.[2] === '+') {
        node.greedy.set(entry.method, entry);
        return;
      }
      node = parameter ? parameterOf(node) : literalOf(node, segment);
    }
    node.exact.set(entry.method, entry);
  }
}

function emptyNode(): Node {
  return { literals: new Map(), parameter: null, exact: new Map(), greedy: new Map() };
}

function parameterOf(node: Node): Node {
  node.parameter ??= emptyNode();
  return node.parameter;
}

function literalOf(node: Node, segment: string): Node {
  const known = node.literals.get(segment) ?? emptyNode();
  node.literals.set(segment, known);
  return known;
}

function segmentsOf(path: string): string[] {
  return path.slice(1).split('/');
}

/** The request line (16 KiB) bounds the depth. Each node branches at most in two, one of them by name. */
function find(node: Node, segments: string[], index: number, method: string): RouteEntry | null {
  const segment = segments[index];
  if (segment === undefined) return node.exact.get(method) ?? node.exact.get(ANY) ?? null;
  const literal = node.literals.get(decoded(segment));
  const found = literal ? find(literal, segments, index + 1, method) : null;
  if (found) return found;
  const byParameter = node.parameter && segment !== '' ? find(node.parameter, segments, index + 1, method) : null;
  if (byParameter) return byParameter;
  return segment === '' ? null : (node.greedy.get(method) ?? node.greedy.get(ANY) ?? null);
}

function parametersOf(entry: RouteEntry, segments: string[]): Record<string, string> {
  const values: [string, string][] = [];
  for (const [index, part] of segmentsOf(entry.path).entries()) {
    const parameter = PARAMETER.exec(part);
    if (!parameter) continue;
    const raw = parameter[2] === '+' ? segments.slice(index).map(decoded).join('/') : decoded(segments[index] ?? '');
    values.push([parameter[1] as string, raw]);
  }
  return Object.fromEntries(values);
}

/** Escapes that cannot be decoded stay as they are. */
function decoded(segment: string): string {
  if (!segment.includes('%')) return segment;
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
