import type { FieldProblem } from '../../../shared/api/api-problem.ts';

export interface LineMark {
  /** From 1. */
  line: number;
  message: string;
}

const AT_LINE = /^line (\d{1,7}): (.*)$/s;

/** The lines of one file that a refused deploy or try complained about. */
export function syntaxMarks(fields: readonly FieldProblem[], path: string): LineMark[] {
  return fields.flatMap((field) => {
    const match = field.path === path ? AT_LINE.exec(field.message) : null;
    return match ? [{ line: Number(match[1]), message: match[2] ?? '' }] : [];
  });
}

/** The first file that was complained about; null when it was not about code. */
export function firstBrokenFile(fields: readonly FieldProblem[], paths: readonly string[]): string | null {
  return fields.find((field) => paths.includes(field.path) && AT_LINE.test(field.message))?.path ?? null;
}
