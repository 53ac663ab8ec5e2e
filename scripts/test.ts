import { startVitest } from 'vitest/node';
import { SuiteTableReporter } from './suite-table-reporter.ts';

/**
 * `npm test`: everything that can run here, then one table of what ran, what was skipped, why, and the command that
 * enables it. Arguments narrow the run (`npm test -- src/pool`). `COLDFRAME_REQUIRE=docker,bubblewrap` turns the skips of
 * those into failures. Exits 1 when anything failed or nothing ran.
 */
const filters = process.argv.slice(2).filter((argument) => !argument.startsWith('-'));
const reporter = new SuiteTableReporter({ required: process.env.COLDFRAME_REQUIRE?.split(',') });
const vitest = await startVitest('test', filters, { watch: false, reporters: [reporter], passWithNoTests: false });
await vitest.close();
const hasPassed = reporter.print();
process.exit(hasPassed ? 0 : 1);
