import { parseArgs } from 'node:util';
import { startVitest } from 'vitest/node';
import { SuiteTableReporter } from './suite-table-reporter.ts';

/**
 * `npm test`: everything that can run here, then one table of what ran, what was skipped, why, and the command that
 * enables it. Arguments narrow the run (`npm test -- src/pool`), `--only PATTERN` to tests with such names, `--project NAME` to a
 * project of vitest.config.ts (`!NAME`: all but that one; both may be repeated). `--nightly` also runs what is too long for
 * every change.
 * `COLDFRAME_REQUIRE=docker,bubblewrap` turns the skips of those into failures. Exits 1 when anything failed or nothing ran.
 */
const { positionals: filters, values } = parseArgs({
  allowPositionals: true,
  strict: false,
  options: {
    only: { type: 'string' },
    project: { type: 'string', multiple: true },
    nightly: { type: 'boolean' },
  },
});
if (values.nightly === true) process.env.COLDFRAME_TEST_NIGHTLY = '1';
const testNamePattern = typeof values.only === 'string' ? values.only : undefined;
const reporter = new SuiteTableReporter({
  required: process.env.COLDFRAME_REQUIRE?.split(','),
  isNarrowed: testNamePattern !== undefined,
});
const vitest = await startVitest('test', filters, {
  watch: false,
  reporters: [reporter],
  passWithNoTests: false,
  project: Array.isArray(values.project) ? values.project.map(String) : undefined,
  testNamePattern,
});
await vitest.close();
const hasPassed = reporter.print();
// A pipe takes what it has room for; the rest would be lost with the process.
await new Promise((resolve) => process.stdout.write('', resolve));
process.exit(hasPassed ? 0 : 1);
