import { readFile, stat } from 'node:fs/promises';
import { dirname, join, posix } from 'node:path';
import type { PackageRef } from '../../domain/function.ts';
import { MIB } from '../../domain/limits.ts';
import { LANGUAGE_TABLE, type Language } from '../../domain/runtimes.ts';

/** A file to check; `goal` says how Node would read it, `either` where only its content decides. */
export interface SourceFile {
  path: string;
  text: string;
  goal: 'module' | 'commonjs' | 'either';
}

/** Enough for hand-written functions; the rest of a large package is met at its first call. */
const FILES_MAX = 64;
const BYTES_MAX = 4 * MIB;

/** Imports stand at the top; the bound also keeps a file made to slow the patterns down from doing so. */
const IMPORTS_SEARCHED_CHARS = 128 * 1024;

/** How a language names what it imports, and which files that may be. */
const IMPORTS: Record<Language, { patterns: readonly RegExp[]; files(named: string, from: string): string[] }> = {
  nodejs: {
    patterns: [
      /^[ \t]{0,16}(?:import|export)\b[^'"`;]{0,400}?['"](\.{1,2}\/[^'"\n]+)['"]/gm,
      /^(?:const|let|var)\s[^=\n]*=\s*require\(\s*['"](\.{1,2}\/[^'"\n]+)['"]\s*\)/gm,
    ],
    files: javascriptFiles,
  },
  python: {
    patterns: [/^from[ \t]+([.\w]+)[ \t]+import\b/gm, /^import[ \t]+([\w.]+)/gm],
    files: pythonFiles,
  },
};

/** The handler's file and the package's own files reached from it by plain imports at the top level, within bounds. */
export async function collectSources(
  ref: PackageRef,
  hasFile: (path: string) => boolean,
  handlerFile: string,
  language: Language,
): Promise<SourceFile[]> {
  const sources: SourceFile[] = [];
  const seen = new Set([handlerFile]);
  let bytes = 0;
  for (const path of seen) {
    if (sources.length >= FILES_MAX || !isSource(path, language)) continue;
    bytes += (await stat(join(ref.path, path))).size;
    if (bytes > BYTES_MAX) break;
    const text = await readFile(join(ref.path, path), 'utf8');
    sources.push({ path, text, goal: language === 'nodejs' ? await goalOf(ref, hasFile, path) : 'either' });
    for (const imported of importsOf(text, path, hasFile, language)) seen.add(imported);
  }
  return sources;
}

/** Node also loads a file without any ending. */
function isSource(path: string, language: Language): boolean {
  if (LANGUAGE_TABLE[language].endings.some((ending) => path.endsWith(ending))) return true;
  return language === 'nodejs' && !/\.[^/]+$/.test(path);
}

function importsOf(text: string, from: string, hasFile: (path: string) => boolean, language: Language): string[] {
  const found: string[] = [];
  const top = text.slice(0, IMPORTS_SEARCHED_CHARS);
  const { patterns, files } = IMPORTS[language];
  for (const pattern of patterns) {
    for (const match of top.matchAll(pattern)) {
      const file = files(match[1]!, from).find((candidate) => hasFile(candidate));
      if (file) found.push(file);
    }
  }
  return found;
}

function javascriptFiles(specifier: string, from: string): string[] {
  const path = posix.normalize(posix.join(dirname(from), specifier));
  return [path, `${path}.js`, `${path}.cjs`];
}

function pythonFiles(module: string, from: string): string[] {
  const dots = /^\.*/.exec(module)![0].length;
  const rest = module.slice(dots).replaceAll('.', '/');
  const base = dots === 0 ? '' : posix.join(dirname(from), ...Array<string>(dots - 1).fill('..'));
  const path = posix.join(base, rest);
  return [`${path}.py`, `${path}/__init__.py`];
}

async function goalOf(ref: PackageRef, hasFile: (path: string) => boolean, path: string): Promise<SourceFile['goal']> {
  if (path.endsWith('.mjs')) return 'module';
  if (path.endsWith('.cjs')) return 'commonjs';
  for (let folder = posix.dirname(path); ; folder = posix.dirname(folder)) {
    const manifest = posix.join(folder, 'package.json');
    if (hasFile(manifest)) return await goalOfManifest(join(ref.path, manifest));
    if (folder === '.') return 'either';
  }
}

async function goalOfManifest(file: string): Promise<SourceFile['goal']> {
  try {
    const { type } = JSON.parse(await readFile(file, 'utf8')) as { type?: unknown };
    return type === 'module' || type === 'commonjs' ? type : 'either';
  } catch {
    // A broken package.json is Node's to report when it loads the code.
    return 'either';
  }
}
