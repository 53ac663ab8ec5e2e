import { cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import type { Command } from '../command.ts';
import { CliError, EXIT } from '../exit-code.ts';
import { table } from '../output/table.ts';

const TEMPLATES = resolve(import.meta.dirname, '../../../templates');

export const init: Command = {
  words: ['init'],
  summary: 'Start a function from a template; without one, list the templates',
  args: [
    { name: '[template]', meaning: 'e.g. hello-node, hello-python' },
    { name: '[folder]', meaning: 'where to put it; default: the template’s name' },
  ],
  examples: ['coldframe init', 'coldframe init hello-python my-function'],
  async run(context, [template, folder]) {
    const templates = readdirSync(TEMPLATES).sort();
    if (template === undefined) {
      const rows = templates.map((name) => [name, describe(name)]);
      context.out.data(
        rows.map(([name, description]) => ({ name, description })),
        () => table(['template', 'what it shows'], rows),
      );
      return EXIT.ok;
    }
    if (!templates.includes(template))
      throw new CliError(EXIT.usage, `There is no template ${template}.`, `Choose one of: ${templates.join(', ')}`);
    const target = resolve(folder ?? template);
    if (existsSync(target) && readdirSync(target).length > 0)
      throw new CliError(EXIT.usage, `${target} is not empty.`, 'Name another folder.');
    cpSync(join(TEMPLATES, template), target, { recursive: true });
    if (folder) rename(join(target, 'coldframe.json'), basename(target).replace(/[^A-Za-z0-9_-]/g, '-'));
    context.out.progress(`Made ${target}. Next: coldframe deploy ${folder ?? template}`);
    return EXIT.ok;
  },
};

function describe(template: string): string {
  const manifest = JSON.parse(readFileSync(join(TEMPLATES, template, 'coldframe.json'), 'utf8')) as {
    description?: string;
  };
  return manifest.description ?? '';
}

function rename(manifestPath: string, name: string): void {
  const manifest = JSON.parse(readFileSync(manifestPath, 'utf8')) as Record<string, unknown>;
  writeFileSync(manifestPath, `${JSON.stringify({ ...manifest, name }, null, 2)}\n`);
}
