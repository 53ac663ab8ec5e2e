import type { CliContext } from './cli-context.ts';

/** One argument or option; `name` as commander writes it: `<function>`, `[file]`, `--event <json>`, `-f, --follow`. */
export interface Parameter {
  name: string;
  meaning: string;
}

/**
 * A command is one declarative object in a file named after its last word; its folder is its noun. `run` returns the exit
 * code (see exit-code.ts) or throws a CliError; data goes to stdout, progress and problems to stderr.
 */
export interface Command {
  /** E.g. `['functions', 'show']`. */
  words: readonly string[];
  summary: string;
  args?: readonly Parameter[];
  options?: readonly Parameter[];
  /** Shown under the help, each a whole command line. */
  examples: readonly string[];
  run(
    context: CliContext,
    args: (string | undefined)[],
    options: Record<string, string | boolean | undefined>,
  ): Promise<number>;
}
