import { BootCases } from './boot-cases.ts';
import type { ConformanceCase } from './conformance-case.ts';
import { EndingCases } from './ending-cases.ts';
import { NodeCases } from './node-cases.ts';
import { PythonCases } from './python-cases.ts';
import { START_KINDS } from './start-kinds.ts';

/**
 * What functions find as they find it on Lambda, under every kind of start; docs/lambda-differences.md tells what stays different. A case
 * may name its own starts.
 */
export const LanguageCases: ConformanceCase[] = [...NodeCases, ...PythonCases, ...EndingCases, ...BootCases].map(
  (one) => ({ starts: START_KINDS, ...one }),
);
