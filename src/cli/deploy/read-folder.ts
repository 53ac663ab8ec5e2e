import { readFileSync, statSync } from 'node:fs';
import { basename, extname, join } from 'node:path';
import { languageOfFile } from '../../domain/runtimes.ts';
import { CliError, EXIT } from '../exit-code.ts';
import { type LocalTree, readLocalTree } from './local-tree.ts';

/** What a file or folder on disk amounts to as a function. */
export interface LocalFunction {
  /** `coldframe.json`, or what can be told from the file; at least name and runtime. */
  manifest: { name: string; runtime: string } & Record<string, unknown>;
  tree: LocalTree;
}

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
    tree: {
      files: new Map([[file, { content: readFileSync(path), isExecutable: false }]]),
      ...{ links: new Map(), leftOut: [], followed: [], secrets: [] },
    },
  };
}

function readFolder(folder: string): LocalFunction {
  const tree = readLocalTree(folder);
  const manifest = readManifest(join(folder, 'coldframe.json'));
  const guessed = [...tree.files.keys()].map(languageOfFile).find(Boolean);
  const runtime = manifest.runtime ?? guessed;
  if (!runtime)
    throw new CliError(
      EXIT.usage,
      `${folder} holds neither JavaScript nor Python.`,
      'Run `coldframe init` for a start.',
    );
  const name = manifest.name ?? basename(folder).replace(/[^A-Za-z0-9_-]/g, '-');
  return { manifest: { ...manifest, name: String(name), runtime: String(runtime) }, tree };
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
