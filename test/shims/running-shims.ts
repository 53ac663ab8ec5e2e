import { existsSync } from 'node:fs';
import { afterEach, expect } from 'vitest';
import { FRAME } from '../../src/sandbox/wire/frame-type.ts';
import { type Heard, type Language, ShimProcess } from './shim-process.ts';

/** The languages whose shim can run here. */
export const LANGUAGES: Language[] = existsSync('/usr/bin/python3') ? ['node', 'python'] : ['node'];
if (!LANGUAGES.includes('python')) console.warn('python shim skipped: there is no /usr/bin/python3');

/** Shims of one language for the tests of a file; what a test started is stopped after it. */
export function runningShims(language: Language) {
  const running: ShimProcess[] = [];
  afterEach(async () => {
    for (const shim of running.splice(0)) await shim.stop();
  });
  const start = async (env?: Record<string, string>): Promise<ShimProcess> => {
    const shim = await ShimProcess.start(language, env);
    running.push(shim);
    return shim;
  };
  const loaded = async (folder: string, options: Parameters<ShimProcess['load']>[1] = {}): Promise<ShimProcess> => {
    const shim = await start();
    const answer = await shim.load(folder, options);
    expect(answer).toMatchObject({ type: FRAME.loaded, meta: { importUs: expect.any(Number) } });
    return shim;
  };
  const refused = async (folder: string, handler?: string) => {
    const shim = await start();
    const answer = await shim.load(folder, handler === undefined ? {} : { handler });
    expect(answer.type).toBe(FRAME.loadError);
    await shim.exited();
    return { error: JSON.parse(answer.text), shim };
  };
  return { start, loaded, refused };
}

export interface FunctionFailure {
  errorType: string;
  errorMessage: string;
  stackTrace: string[];
}

export function errorOf(reply: Heard): FunctionFailure {
  expect(reply.type).toBe(FRAME.error);
  return JSON.parse(reply.text);
}
