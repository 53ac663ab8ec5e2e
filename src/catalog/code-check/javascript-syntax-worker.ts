import { compileFunction, SourceTextModule } from 'node:vm';
import { parentPort } from 'node:worker_threads';
import type { WorkerVerdict } from './javascript-syntax.ts';
import type { SourceFile } from './source-files.ts';

const COMMONJS_PARAMETERS = ['exports', 'require', 'module', '__filename', '__dirname'];
const LOOKS_LIKE_MODULE = /^[ \t]*(?:import|export)\b/m;

parentPort?.on('message', ({ id, files }: { id: number; files: SourceFile[] }) => {
  parentPort?.postMessage({ id, verdicts: files.map(judge).filter((verdict) => verdict !== null) });
});

/** Compiles as Node would read the file; null when it parses. Nothing is evaluated. */
function judge(file: SourceFile): WorkerVerdict | null {
  if (file.goal === 'module') return compileModule(file);
  const asCommonjs = compileCommonjs(file);
  if (file.goal === 'commonjs' || asCommonjs === null) return asCommonjs;
  const asModule = compileModule(file);
  if (asModule === null) return null;
  return LOOKS_LIKE_MODULE.test(file.text) ? asModule : asCommonjs;
}

function compileModule(file: SourceFile): WorkerVerdict | null {
  try {
    new SourceTextModule(file.text, { identifier: 'file' });
    return null;
  } catch (error) {
    return { path: file.path, goal: 'module', line: null, message: (error as Error).message };
  }
}

function compileCommonjs(file: SourceFile): WorkerVerdict | null {
  try {
    compileFunction(file.text.replace(/^#!.*/, ''), COMMONJS_PARAMETERS, { filename: 'file' });
    return null;
  } catch (error) {
    const line = /^file:(\d+)/.exec((error as Error).stack ?? '')?.[1];
    return { path: file.path, goal: 'commonjs', line: line ? Number(line) : null, message: (error as Error).message };
  }
}
