import { LANGUAGE_TABLE, languageNamed } from '../../../../src/domain/runtimes.ts';

/** Where in the author's own code a line of a stack trace points. */
export interface AuthorFrame {
  /** Path inside the package. */
  file: string;
  line: number;
  /** From 1; null where the language does not tell. */
  column: number | null;
}

/** Where code lies inside every sandbox. */
const CODE_FOLDER = '/var/task/';
const NODE_FRAME = /(?:^|[\s(])(?:file:\/\/)?\/var\/task\/([^\0\n]+?):(\d{1,7})(?::(\d{1,7}))?\)?$/;
const PYTHON_FRAME = /File "\/var\/task\/([^"\0\n]+)", line (\d{1,7})/;
/** Longer lines are not looked into: they come from the function, and a pattern over megabytes is a way to hang a page. */
const LINE_MAX_CHARS = 2_000;

/** The author's place in one line of a stack trace; null for lines of the runtime, of packages and for everything else. */
export function authorFrame(stackLine: string): AuthorFrame | null {
  if (stackLine.length > LINE_MAX_CHARS || !stackLine.includes(CODE_FOLDER)) return null;
  const [first = ''] = stackLine.split('\n', 1);
  const match = PYTHON_FRAME.exec(first) ?? NODE_FRAME.exec(first.trimEnd());
  if (match === null) return null;
  const [, file = '', line = '', column] = match;
  if (/(^|\/)(node_modules|site-packages)\//.test(file)) return null;
  return { file, line: Number(line), column: column === undefined ? null : Number(column) };
}

/** The frame nearest to the failure: a trace ends with it in Python and begins with it in Node. */
export function topFrame(stackTrace: readonly string[], runtime: string): AuthorFrame | null {
  const language = languageNamed(runtime);
  const isLast = language !== null && LANGUAGE_TABLE[language].failureLine === 'last';
  const inOrder = isLast ? stackTrace.toReversed() : stackTrace;
  for (const line of inOrder) {
    const frame = authorFrame(line);
    if (frame !== null) return frame;
  }
  return null;
}

/** The address of the editor with that line shown; the editor reads `file` and `line` from it. */
export function frameHref(functionName: string, { file, line }: AuthorFrame): string {
  return `/functions/${encodeURIComponent(functionName)}?${new URLSearchParams({ file, line: String(line) })}`;
}
