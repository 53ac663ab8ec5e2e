import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { COMMANDS } from '../../src/cli/commands.ts';
import { EXIT } from '../../src/cli/exit-code.ts';
import { SETTINGS } from '../../src/config/config.ts';
import { createMetrics, type MetricSources } from '../../src/telemetry/metrics.ts';

const root = resolve(import.meta.dirname, '../..');
const page = (path: string): string => readFileSync(join(root, path), 'utf8');

describe('docs/cli.md', () => {
  it('has every command with every option, and no other', () => {
    const text = page('docs/cli.md');
    const rows = [...text.matchAll(/^\| `([^`]+)` \| (.*) \|$/gm)];
    const lines = COMMANDS.map((one) => [...one.words, ...(one.args ?? []).map((argument) => argument.name)].join(' '));
    expect(rows.map((row) => row[1])).toEqual(lines);
    for (const command of COMMANDS.filter((one) => one.words[0] !== 'up')) {
      for (const option of command.options ?? []) expect(text).toContain(`\`${option.name}\``);
    }
  });

  it('has every exit code', () => {
    const codes = [...page('docs/cli.md').matchAll(/^\| (\d) \|/gm)].map((row) => Number(row[1]));
    expect(codes).toEqual(Object.values(EXIT).sort());
  });
});

describe('docs/operations.md', () => {
  it.each(SETTINGS.map((setting) => [setting.variable, setting]))(
    'has %s with its flag and meaning',
    (variable, setting) => {
      const row = page('docs/operations.md')
        .split('\n')
        .find((line) => line.startsWith(`| ${variable} |`));
      expect(row).toContain(setting.meaning);
      if (setting.flag) expect(row).toContain(`--${setting.flag}`);
    },
  );
});

describe('the metrics in docs/operations.md', () => {
  const rows = [...page('docs/operations.md').matchAll(/^\| `(coldframe_\w+)` \|([^|]*)\|/gm)].map(
    ([, name = '', labels = '']) => ({ name, labels: labels.trim() }),
  );

  it('are all that the server has, with their labels, and no other', async () => {
    const metrics = createMetrics();
    metrics.connect(IDLE_SOURCES);
    metrics.calls.ended({
      isolation: 'process',
      start: 'warm',
      outcome: 'ok',
      durationMs: 1,
      attempts: [{ outcome: 'ok' }],
    });
    metrics.turnWasLong('work');
    metrics.calls.refused({ isolation: 'process', outcome: 'throttled' });
    metrics.sandboxCrashed('process', { cause: 'exit', exitCode: 1, signal: null });
    metrics.removalFailed('process');
    const { body } = await metrics.prometheus();
    const names = [...body.matchAll(/^# TYPE (coldframe_\w+) /gm)].map(([, name]) => name);
    expect(rows.map(({ name }) => name).sort()).toEqual(names.sort());
    for (const { name, labels } of rows) {
      const [, sample = ''] = new RegExp(`^${name}(?:_count)?(?:\\{([^}]*)\\})? `, 'm').exec(body) ?? [];
      expect([...sample.matchAll(/(\w+)="/g)].map(([, label]) => label).join(', '), name).toBe(labels);
    }
  });
});

it('every command line in README.md and the pages names a command that exists', () => {
  const known = new Set(COMMANDS.map((command) => command.words.join(' ')));
  const nouns = new Set(COMMANDS.map((command) => command.words[0]));
  for (const path of ['README.md', 'docs/cli.md', 'docs/operations.md', 'CONTRIBUTING.md']) {
    for (const [line, first = '', second = ''] of page(path).matchAll(/^ {4}coldframe ([a-z]+) ?([a-z]*)/gm)) {
      expect(nouns, `${path}: ${line}`).toContain(first);
      if (!known.has(first)) expect(known, `${path}: ${line}`).toContain(`${first} ${second}`);
    }
  }
});

it('every npm script that README.md and CONTRIBUTING.md name exists', () => {
  const { scripts } = JSON.parse(page('package.json')) as { scripts: Record<string, string> };
  for (const path of ['README.md', 'CONTRIBUTING.md', 'docs/operations.md']) {
    for (const [, name = ''] of page(path).matchAll(/npm run ([a-z]+)/g)) expect(Object.keys(scripts)).toContain(name);
  }
});

it('every page that README.md names is there', () => {
  for (const [, path = ''] of page('README.md').matchAll(/\b(docs\/[a-z-]+\.md)/g)) expect(page(path)).not.toBe('');
});

const IDLE_SOURCES: MetricSources = {
  inFlight: () => 0,
  pool: () => ({
    byIsolation: { process: { ready: 1, bound: 0, busy: 0, creating: 0 } },
    ...{ queued: 0, idleMib: 0, idleBudgetMib: 0 },
  }),
  records: () => ({ queued: 0, queuedBytes: 0, running: 0, lost: 0 }),
  storeBytes: async () => ({ databaseBytes: 1, walBytes: 1 }),
  liveListeners: () => 0,
  stuckSandboxes: () => [],
};
