import type { PackageRef } from '../../domain/function.ts';
import { languageOf, type RuntimeId } from '../../domain/runtimes.ts';
import { ColdframeError, type FieldError } from '../../errors/coldframe-error.ts';
import { listTree } from '../../packages/package-files.ts';
import { PackageLinks } from '../../packages/package-links.ts';
import { findHandlerFile, isManifest } from './handler-file.ts';
import { JavascriptSyntax } from './javascript-syntax.ts';
import { checkPythonSyntax } from './python-syntax.ts';
import { collectSources, type SourceFile } from './source-files.ts';

export interface CodeCheckOptions {
  /** Path of the interpreter that checks a Python runtime; null means none is here and the check is left to the first call. */
  pythonFor(runtime: RuntimeId): string | null;
  /** Node for the checks that need a process of their own; default this server's. */
  nodePath?: string;
  /** Identity of those child processes where the server may set one. */
  childUser?: { uid: number; gid: number } | null;
}

/**
 * Looks at a package at deploy, before anything is stored: the handler's file must exist, and it and the package's own files
 * it imports must parse. No user code runs: JavaScript is compiled, not evaluated, in a worker thread (about 1 ms, where a
 * child process takes 30), Python by its interpreter in a child process. What cannot be checked in time is let through,
 * since the first call would show it anyway.
 */
export class CodeCheck {
  readonly #options: CodeCheckOptions;
  readonly #javascript: JavascriptSyntax;

  constructor(options: CodeCheckOptions) {
    this.#options = options;
    this.#javascript = new JavascriptSyntax({ nodePath: options.nodePath, childUser: options.childUser ?? null });
  }

  /** Starts the worker ahead of the first deploy. */
  start(): void {
    this.#javascript.start();
  }

  /** Throws `invalid_handler`, or `syntax_error` with one entry per broken file: `{path: file, message: "line N: ..."}`. */
  async check(ref: PackageRef, runtime: RuntimeId, handler: string, signal?: AbortSignal): Promise<void> {
    const tree = await listTree(ref);
    const [paths, links] = [new Set(tree.files.map((file) => file.path)), new PackageLinks(tree.links)];
    const hasFile = (path: string): boolean => {
      const led = links.resolve(path);
      return led.kind === 'inside' && paths.has(led.path);
    };
    const handlerFile = findHandlerFile(runtime, handler, hasFile);
    // Node reads in it which file is meant, by rules of its own; the first call shows what it found.
    if (isManifest(handlerFile)) return;
    const language = languageOf(runtime);
    const sources = await collectSources(ref, hasFile, handlerFile, language);
    const errors = await this.#syntaxErrors(runtime, sources, signal);
    if (errors.length > 0) {
      const [first] = errors;
      throw new ColdframeError('syntax_error', {
        publicMessage: `The code does not parse: ${first!.path}, ${first!.message}`,
        errors,
      });
    }
  }

  async stop(): Promise<void> {
    await this.#javascript.stop();
  }

  async #syntaxErrors(runtime: RuntimeId, sources: SourceFile[], signal?: AbortSignal): Promise<FieldError[]> {
    if (languageOf(runtime) === 'nodejs') return await this.#javascript.check(sources, signal);
    const interpreter = this.#options.pythonFor(runtime);
    if (interpreter === null) return [];
    return await checkPythonSyntax(sources, { interpreter, user: this.#options.childUser ?? null, signal });
  }
}
