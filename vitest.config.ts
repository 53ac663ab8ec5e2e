import { defineConfig } from 'vitest/config';

const EVERYWHERE = {
  pool: 'forks',
  testTimeout: 30_000,
  hookTimeout: 60_000,
  teardownTimeout: 10_000,
  restoreMocks: true,
} as const;
/** Where a real dependency or the whole system answers, files take turns: their deadlines are promises, not guesses. */
const ONE_AT_A_TIME = { maxWorkers: 1, fileParallelism: false } as const;
const REAL = '**/*.int.test.ts';

/** Quick tests first, then those with real dependencies, then whole systems. */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          ...EVERYWHERE,
          name: 'unit',
          include: ['src/**/*.test.ts', 'console/src/**/*.test.ts', 'scripts/**/*.test.ts', 'runtimes/**/*.test.ts'],
          exclude: [REAL, 'node_modules/**'],
          sequence: { groupOrder: 0 },
          maxWorkers: 2,
        },
      },
      {
        test: {
          ...EVERYWHERE,
          ...ONE_AT_A_TIME,
          name: 'int',
          include: [`src/${REAL}`],
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          ...EVERYWHERE,
          ...ONE_AT_A_TIME,
          name: 'system',
          include: ['test/**/*.test.ts', 'bench/**/*.test.ts'],
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
