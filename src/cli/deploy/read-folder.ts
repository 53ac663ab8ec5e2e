import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, extname, join, relative, sep } from 'node:path';
import { languageOfFile } from '../../domain/runtimes.ts';
import { CliError, EXIT } from '../exit-code.ts';

/** What a file or folder on disk amounts to as a function. */
export interface LocalFunction {
  /** `coldframe.json`, or what can be told from the file; at least name and runtime. */
  manifest: { name: string; runtime: string } & Record<string, unknown>;
  files: Map<string, Buffer>;
}

/** Never part of a function's code. */
const LEFT_OUT = new Set(['.git', '__pycache__', '.DS_Store', '.venv', 'coldframe.json']);
/** Test data of the author's, beside the code in a template. */
const LEFT_OUT_FOLDERS = new Set(['events', 'expected']);
const FILES_MAX = 20_000;
const BYTES_MAX = 250 * 1024 * 1024;

/** Reads a folder (with or without coldframe.json) or one .js, .mjs, .cjs or .py file. Throws a CliError that says what to do. */
export function readLocalFunction(path: string): LocalFunction {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat) throw new CliError(EXIT.usage, `There is no file or folder ${path}.`);
  return stat.isDirectory() ? readFolder(path) : readFile(path);
}

function readFile(path: string): LocalFunction {
  const runtime = languageOfFile(path);
  if (!runtime)
    throw new CliError(
      EXIT.usage,
      `${path} is neither JavaScript nor Python.`,
      'Give a .js, .mjs, .cjs or .py file, or a folder.',
    );
  const file = basename(path);
  const stem = file.slice(0, -extname(file).length);
  return {
    manifest: { name: stem.replace(/[^A-Za-z0-9_-]/g, '-'), runtime, handler: `${stem}.handler` },
    files: new Map([[file, readFileSync(path)]]),
  };
}

function readFolder(folder: string): LocalFunction {
  const files = new Map<string, Buffer>();
  let bytes = 0;
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/');
    const parts = path.split('/');
    if (!entry.isFile() || parts.some((part) => LEFT_OUT.has(part)) || LEFT_OUT_FOLDERS.has(parts[0] ?? '')) continue;
    const content = readFileSync(join(folder, path));
    bytes += content.length;
    files.set(path, content);
    if (files.size > FILES_MAX || bytes > BYTES_MAX)
      throw new CliError(
        EXIT.usage,
        `${folder} holds more than ${FILES_MAX} files or 250 MiB.`,
        'Deploy the function’s own folder.',
      );
  }
  const manifest = readManifest(join(folder, 'coldframe.json'));
  const guessed = [...files.keys()].map(languageOfFile).find(Boolean);
  const runtime = manifest.runtime ?? guessed;
  if (!runtime)
    throw new CliError(
      EXIT.usage,
      `${folder} holds neither JavaScript nor Python.`,
      'Run `coldframe init` for a start.',
    );
  const name = manifest.name ?? basename(folder).replace(/[^A-Za-z0-9_-]/g, '-');
  return { manifest: { ...manifest, name: String(name), runtime: String(runtime) }, files };
}

function readManifest(path: string): Record<string, unknown> {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return {};
  }
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed))
      return parsed as Record<string, unknown>;
  } catch (error) {
    throw new CliError(EXIT.usage, `${path} is not valid JSON: ${(error as Error).message}.`);
  }
  throw new CliError(EXIT.usage, `${path} must hold an object.`);
}
