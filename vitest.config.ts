import { defineConfig } from 'vitest/config';

/** Deadlines catch what hangs; they are no claim of speed, and hold on a machine whose every core is busy with other things. */
const EVERYWHERE = {
  pool: 'forks',
  testTimeout: 120_000,
  hookTimeout: 180_000,
  teardownTimeout: 30_000,
  restoreMocks: true,
} as const;
/** Files whose tests claim times take turns: a neighbour on the same cores would be measured too. */
const ONE_AT_A_TIME = { maxWorkers: 1, fileParallelism: false } as const;
/** As many as the smallest machine that is meant to run all of this has cores. */
const TWO_AT_A_TIME = { maxWorkers: 2 } as const;

const REAL = '**/*.int.test.ts';
/** Machines emulated in software: a third of the time of all suites, on one core at a time. */
const EMULATED = 'src/sandbox/drivers/microvm/qemu.*int.test.ts';
const SCREENS = 'test/console/**/*.test.ts';
/** Whole systems whose tests claim times, or take the host's resources on purpose. */
const MEASURED = ['test/chaos/**/*.test.ts', 'test/security/**/*.test.ts', 'bench/**/*.test.ts'];
/** Whole systems beside which others may run. */
const WHOLE = ['test/{architecture,docs,e2e,packaging,shims}/**/*.test.ts'];

/**
 * What may run side by side comes first, longest project first; then one file at a time what would measure its neighbours.
 * Projects with one `groupOrder` share workers; their names sort as they are begun.
 */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          ...{ ...EVERYWHERE, ...TWO_AT_A_TIME, name: 'emulated', include: [EMULATED] },
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          ...{ ...EVERYWHERE, ...TWO_AT_A_TIME, name: 'screens', include: [SCREENS] },
          globalSetup: ['test/console/support/build-once.ts'],
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          ...{ ...EVERYWHERE, ...TWO_AT_A_TIME, name: 'unit' },
          include: ['src/**/*.test.ts', 'console/src/**/*.test.ts', 'scripts/**/*.test.ts', 'runtimes/**/*.test.ts'],
          exclude: [REAL, 'node_modules/**'],
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          ...{ ...EVERYWHERE, ...TWO_AT_A_TIME, name: 'whole', include: WHOLE },
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          ...{ ...EVERYWHERE, ...ONE_AT_A_TIME, name: 'int' },
          include: [`src/${REAL}`],
          exclude: [EMULATED, 'node_modules/**'],
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          ...{ ...EVERYWHERE, ...ONE_AT_A_TIME, name: 'measured', include: MEASURED },
          sequence: { groupOrder: 3 },
        },
      },
    ],
  },
});
