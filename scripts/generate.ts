import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { COMMANDS } from '../src/cli/commands.ts';
import { SETTINGS } from '../src/config/config.ts';
import { CATALOGUE } from '../src/errors/catalogue.ts';
import { createConsoleServer } from '../src/http/console-server.ts';
import type { HttpDeps } from '../src/http/deps.ts';

/**
 * `npm run generate`: the API client from the OpenAPI document, docs/errors.md from the catalogue, the settings table of
 * docs/operations.md from the configuration schema, the table of docs/cli.md from the commands. With `--check` it writes nothing and fails when something is out of step.
 */
const root = resolve(import.meta.dirname, '..');
const isCheck = process.argv.includes('--check');
const staging = mkdtempSync(join(tmpdir(), 'coldframe-generate-'));
try {
  const wanted = new Map<string, string>([
    ...(await clientFiles()),
    ['docs/errors.md', errorsPage()],
    ['docs/operations.md', operationsPage()],
    ['docs/cli.md', cliPage()],
  ]);
  const stale = [...wanted].filter(([path, text]) => read(join(root, path)) !== text).map(([path]) => path);
  const extra = listFiles(join(root, 'src/client/generated'))
    .map((path) => relative(root, path))
    .filter((path) => !wanted.has(path));
  if (isCheck) {
    for (const path of [...stale, ...extra]) process.stdout.write(`out of step: ${path} (run \`npm run generate\`)\n`);
    process.exitCode = stale.length + extra.length > 0 ? 1 : 0;
  } else {
    for (const path of extra) rmSync(join(root, path));
    for (const path of stale) {
      execFileSync('mkdir', ['-p', join(root, path, '..')]);
      writeFileSync(join(root, path), wanted.get(path) ?? '');
    }
    process.stdout.write(`${stale.length} files written\n`);
  }
} finally {
  rmSync(staging, { recursive: true, force: true });
}

/** The document needs the schemas alone: no part behind them is ever asked. */
async function openApiDocument(): Promise<unknown> {
  const nothing: unknown = new Proxy(() => nothing, {
    get: (_target, name) => (name === 'then' ? undefined : nothing),
    apply: () => nothing,
  });
  const deps = new Proxy(
    { config: { publicUrl: null, functionOrigin: () => '', uploadDir: staging } },
    { get: (target, name) => Reflect.get(target, name) ?? nothing },
  );
  const { app, server } = await createConsoleServer(deps as unknown as HttpDeps);
  const document = app.swagger();
  await app.close();
  server.close();
  return forClient(document as unknown as OpenApiDocument);
}

/** The client has one type for all problems, and whoever makes it says where the server is. */
function forClient(document: OpenApiDocument): unknown {
  const { servers: _servers, ...rest } = document;
  for (const item of Object.values(rest.paths))
    for (const operation of Object.values(item)) delete operation.responses?.['4XX'];
  return rest;
}

interface OpenApiDocument {
  servers?: unknown;
  paths: Record<string, Record<string, { responses?: Record<string, unknown> }>>;
}

async function clientFiles(): Promise<[string, string][]> {
  const input = join(staging, 'openapi.json');
  writeFileSync(input, JSON.stringify(await openApiDocument()));
  const output = join(staging, 'client');
  const config = join(staging, 'openapi-ts.config.mjs');
  writeFileSync(
    config,
    `export default ${JSON.stringify({
      input,
      output: { path: output, module: { extension: '.ts' } },
      plugins: ['@hey-api/typescript', '@hey-api/sdk', '@hey-api/client-fetch'],
      logs: { level: 'silent', file: false },
    })};`,
  );
  execFileSync(process.execPath, [join(root, 'node_modules/.bin/openapi-ts'), '-f', config], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return listFiles(output).map((path) => [
    join('src/client/generated', relative(output, path)),
    readFileSync(path, 'utf8'),
  ]);
}

function errorsPage(): string {
  const entries = Object.entries(CATALOGUE).map(
    ([code, entry]) =>
      `## ${code}\n\n${entry.status} ${entry.title}. ${entry.detail}\n\n- Caused by: ${entry.causedBy}${entry.retryable ? '; worth trying again' : ''}\n- Likely cause: ${entry.likelyCause}\n- What to do: ${entry.whatToDo}\n`,
  );
  return `# Errors, by code\n\nGenerated from src/errors/catalogue.ts by \`npm run generate\`; not to be edited. Every failed request carries one of these codes in an\n\`application/problem+json\` body; the server serves each as a page at \`/errors/{code}\`.\n\n${entries.join('\n')}`;
}

function operationsPage(): string {
  const rows = SETTINGS.map(
    ({ variable, flag, takes, meaning }) =>
      `| ${variable} | ${flag ? `--${flag}` : ''} | ${takes.replaceAll('|', ', ')} | ${meaning} |`,
  );
  return withTable('docs/operations.md', 'settings', [
    '| variable | flag | takes | meaning |',
    '|---|---|---|---|',
    ...rows,
  ]);
}

function cliPage(): string {
  const rows = COMMANDS.map((command) => {
    const line = [...command.words, ...(command.args ?? []).map((argument) => argument.name)].join(' ');
    const own = command.words[0] === 'up' ? [] : (command.options ?? []);
    const options = own.map((option) => `\`${option.name}\` ${option.meaning}`).join('<br>');
    return `| \`${line}\` | ${command.summary} | ${options} |`.replaceAll('|  |', '| |');
  });
  return withTable('docs/cli.md', 'commands', ['| command | what it does | options |', '|---|---|---|', ...rows]);
}

/** The page with what stands between its markers replaced. */
function withTable(path: string, name: string, lines: string[]): string {
  const between = new RegExp(`(<!-- ${name}:start -->\\n)[\\s\\S]*?(<!-- ${name}:end -->)`);
  const text = readFileSync(join(root, path), 'utf8');
  return text.replace(between, (_, start: string, end: string) => `${start}\n${lines.join('\n')}\n\n${end}`);
}

function listFiles(folder: string): string[] {
  try {
    return readdirSync(folder, { recursive: true, withFileTypes: true }).flatMap((entry) =>
      entry.isFile() ? [join(entry.parentPath, entry.name)] : [],
    );
  } catch {
    return [];
  }
}

function read(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
