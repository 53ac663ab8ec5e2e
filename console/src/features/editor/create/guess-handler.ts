import { LANGUAGE_TABLE, languageOfFile } from '../../../../../src/domain/runtimes.ts';

/** Where others look first. */
const MAIN_NAMES = ['index', 'main', 'app', 'handler', 'lambda_function'];
const EXPORTED =
  /^export\s+(?:const|let|var|async\s+function\*?|function\*?)\s+(\w+)|^(?:module\.)?exports\.(\w+)\s*=|^(?:async\s+)?def\s+(\w+)\s*\(/gm;

/** The file a function most likely begins in; null when none of them is code. */
export function mainFile(paths: readonly string[]): string | null {
  const code = paths.filter((path) => languageOfFile(path) !== null);
  return MAIN_NAMES.flatMap((name) => code.filter((path) => withoutEnding(path) === name))[0] ?? code[0] ?? null;
}

function withoutEnding(path: string): string {
  const language = languageOfFile(path);
  const ending = language && LANGUAGE_TABLE[language].endings.find((one) => path.endsWith(one));
  return ending ? path.slice(0, -ending.length) : path;
}

/** The handler setting that fits the files, by the names in them; nothing of them is run. */
export function guessHandler(files: Readonly<Record<string, string>>): string {
  const path = mainFile(Object.keys(files));
  if (path === null) return 'index.handler';
  const names = [...(files[path] ?? '').matchAll(EXPORTED)].map((match) => match[1] ?? match[2] ?? match[3] ?? '');
  const name = names.find((one) => one === 'handler') ?? names.find((one) => /handler$/i.test(one)) ?? names[0];
  return `${withoutEnding(path)}.${name ?? 'handler'}`;
}
