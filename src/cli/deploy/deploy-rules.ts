import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ignore from 'ignore';

/** The file in a function's folder that names, in the syntax of .gitignore, what is not deployed. */
export const IGNORE_FILE = '.coldframeignore';

/** Never part of a function's code, wherever they lie. */
const NEVER = new Set(['.git', '__pycache__', '.DS_Store', '.venv']);
/** The same, at the top only: what describes the function to the command line. */
const NEVER_AT_TOP = new Set(['coldframe.json', IGNORE_FILE]);
/** Files that tools keep secrets in. `.env.example` and its kin are made to be shared. */
const SECRET = /^(\.env(\..+)?|\.npmrc|\.yarnrc\.yml|\.pypirc|\.netrc|\.git-credentials)$/;
const SHARED = /\.(example|sample|template|dist)$/;

/** Says which rule keeps a path out of a deploy. */
export class DeployRules {
  readonly #ignored: ReturnType<typeof ignore> | null;

  /** Reads the folder's .coldframeignore, if there is one. */
  constructor(folder: string) {
    let text: string | null = null;
    try {
      text = readFileSync(join(folder, IGNORE_FILE), 'utf8');
    } catch {
      // No such file, no rules of the author's.
    }
    this.#ignored = text === null ? null : ignore().add(text);
  }

  /** The rule in words, or null for what is deployed. `path` is relative with slashes; folders are asked about before what they hold. */
  ruleAgainst(path: string, isFolder: boolean): string | null {
    const name = path.slice(path.lastIndexOf('/') + 1);
    if (NEVER.has(name) || NEVER_AT_TOP.has(path)) return 'never deployed';
    const result = this.#ignored?.test(isFolder ? `${path}/` : path);
    return result?.ignored === true ? `${IGNORE_FILE}: ${result.rule?.pattern ?? 'a rule'}` : null;
  }
}

/** Whether tools keep secrets in files of that name. */
export function mayHoldSecrets(path: string): boolean {
  const name = path.slice(path.lastIndexOf('/') + 1);
  return SECRET.test(name) && !SHARED.test(name);
}
