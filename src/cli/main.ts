import { CommanderError, Command as Program } from 'commander';
import { readCliConfig } from '../config/cli-config.ts';
import { version } from '../config/version.ts';
import { plainProse } from '../domain/prose.ts';
import { CliContext, type GlobalFlags } from './cli-context.ts';
import type { Command } from './command.ts';
import { COMMANDS } from './commands.ts';
import { CliError, EXIT } from './exit-code.ts';

/** The command line: every command from its declaration; exit codes as in exit-code.ts. */
async function main(argv: string[]): Promise<number> {
  let exitCode: number = EXIT.ok;
  const program = new Program('coldframe')
    .description('Self-hosted serverless functions')
    .version(version())
    .option('--url <url>', 'the server (default: found on this machine)')
    .option('--key <key>', 'the key (default: the admin key found on this machine)')
    .option('--profile <name>', 'a profile saved by coldframe login')
    .option('--json', 'data as JSON')
    .option('-q, --quiet', 'no progress on stderr')
    .exitOverride()
    .showHelpAfterError('(add --help for what it takes)');
  for (const command of COMMANDS) {
    register(program, command, async (args, options) => {
      exitCode = await command.run(
        new CliContext(
          { ...program.opts<GlobalFlags>(), dataDir: options.dataDir as string | undefined },
          readCliConfig(process.env),
        ),
        args,
        options,
      );
    });
  }
  try {
    await program.parseAsync(argv);
    return exitCode;
  } catch (error) {
    return exitCodeOf(error);
  }
}

/** What the first words stand for in the help. */
const GROUPS: Record<string, string> = {
  functions: 'List, show and delete functions',
  invocations: 'List, show, cancel and replay invocations',
  keys: 'List, create and delete keys',
};

type Action = (args: (string | undefined)[], options: Record<string, string | boolean | undefined>) => Promise<void>;

function register(program: Program, command: Command, action: Action): void {
  let parent = program;
  for (const word of command.words.slice(0, -1)) {
    parent =
      parent.commands.find((one) => one.name() === word) ?? parent.command(word).description(GROUPS[word] ?? word);
  }
  const leaf = parent.command(command.words.at(-1) ?? '').description(plainProse(command.summary));
  for (const argument of command.args ?? []) leaf.argument(argument.name, plainProse(argument.meaning));
  for (const option of command.options ?? []) leaf.option(option.name, plainProse(option.meaning));
  leaf.addHelpText('after', `\nExamples:\n${command.examples.map((example) => `  ${example}`).join('\n')}`);
  leaf.action(async () => action(leaf.args, leaf.opts()));
}

function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  if (error instanceof CliError) {
    process.stderr.write(`coldframe: ${plainProse(error.message)}\n${error.hint ? `${plainProse(error.hint)}\n` : ''}`);
    return error.exitCode;
  }
  process.stderr.write(`coldframe: ${error instanceof Error ? error.message : String(error)}\n`);
  return EXIT.usage;
}

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(EXIT.ok);
});
process.exitCode = await main(process.argv);
