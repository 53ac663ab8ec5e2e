import { type Language, languageOf, languageRow, type RuntimeId } from '../../domain/runtimes.ts';
import { ColdframeError } from '../../errors/coldframe-error.ts';

/** The file that JSON `{source}` becomes. */
export function sourceFileName(runtime: RuntimeId): string {
  return `index${languageRow(runtime).endings[0]}`;
}

const CANDIDATES: Record<Language, (handler: string) => string[] | null> = {
  nodejs: nodeCandidates,
  python: pythonCandidates,
};

/**
 * The file of the package that a handler setting names, by the lookup rules of its runtime (Lambda's): Node takes the module
 * up to the first dot of the last part and tries it bare, as .js, .mjs, .cjs, then as a folder and as a package of node_modules;
 * Python splits at the last dot. Where a package's own package.json decides, that is the file. Throws `invalid_handler` saying what
 * was looked for.
 */
export function findHandlerFile(runtime: RuntimeId, handler: string, has: (path: string) => boolean): string {
  const candidates = CANDIDATES[languageOf(runtime)](handler);
  if (!candidates) {
    throw invalidHandler('a handler is `file.function`, inside the package and without the ending of the file');
  }
  const found = candidates.find(has);
  if (!found) {
    const named = candidates.filter((path) => !path.startsWith('node_modules/') && !isManifest(path));
    throw invalidHandler(`the package has none of ${named.join(', ')}`);
  }
  return found;
}

/** Whether that file tells which file the handler is in. */
export function isManifest(path: string): boolean {
  return path.endsWith('/package.json');
}

function nodeCandidates(handler: string): string[] | null {
  const match = /^((?:[^/]+\/)*)([^./][^./]*)\.(.+)$/.exec(handler);
  if (!match || handler.includes('..') || !isPlain(handler)) return null;
  const module = `${match[1]}${match[2]}`.replace(/^\.\//, '');
  const dependency = /^(?:@[^/]+\/)?[^/]+/.exec(module)?.[0] ?? module;
  const manifest = `node_modules/${dependency}/package.json`;
  return [...nodeFiles(module), ...nodeFiles(`node_modules/${module}`), manifest];
}

function nodeFiles(module: string): string[] {
  const endings = ['', '.js', '.mjs', '.cjs', '/index.js', '/package.json'];
  return endings.map((ending) => `${module}${ending}`);
}

function pythonCandidates(handler: string): string[] | null {
  const dot = handler.lastIndexOf('.');
  if (dot < 1 || dot === handler.length - 1 || handler.includes('..') || !isPlain(handler)) return null;
  const module = handler.slice(0, dot).replaceAll('.', '/').replace(/^\/+/, '');
  return module === '' ? null : [`${module}.py`, `${module}/__init__.py`, `${module}.pyc`];
}

function isPlain(handler: string): boolean {
  return !handler.startsWith('/') && !/[\x00-\x1f\x7f\\]/.test(handler);
}

function invalidHandler(message: string): ColdframeError {
  return new ColdframeError('invalid_handler', { errors: [{ path: '/handler', message }] });
}
