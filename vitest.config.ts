/** Five projects: unit (beside the code), db and scenario (real database), browser (real Chromium), tidy (the house's own rules). `long` and `drill` run by name only. */
import { defineConfig } from 'vitest/config';

const setup = ['test/harness/setup.ts'];
const long = process.env['ANLING_TEST_LONG'] === '1';
const drill = process.env['ANLING_TEST_DRILL'] === '1';
const project = (name: string, include: string[], rest: object = {}): object => ({
  extends: true, test: { name, include, pool: 'forks', testTimeout: 30_000, hookTimeout: 60_000, ...rest },
});

export default defineConfig({
  test: {
    reporters: ['default', './test/harness/plain-reporter.ts'],
    maxWorkers: process.env['ANLING_TEST_ALONE'] === '1' ? 1 : 2, // what failed beside others is run once more alone (scripts/test.ts)
    expect: { poll: { timeout: 20_000 } }, // a condition is waited for; how long says nothing on a machine that does much else
    projects: [
      project('unit', ['src/**/*.test.ts', 'device-simulators/**/*.test.ts', 'dashboards/**/*.test.ts', 'test/sim/**/*.test.ts', 'test/harness/**/*.test.ts'], { exclude: ['**/node_modules/**', '**/dist/**'] }),
      project('db', ['test/db/**/*.test.ts'], { globalSetup: setup, testTimeout: 60_000 }),
      project('scenario', ['test/scenario/**/*.test.ts'], { globalSetup: setup, testTimeout: 90_000, hookTimeout: 120_000 }),
      project('browser', ['test/browser/**/*.test.ts'], { globalSetup: setup, testTimeout: 120_000, hookTimeout: 180_000, fileParallelism: false }),
      project('tidy', ['test/tidy/**/*.test.ts']),
      ...(long ? [project('long', ['test/long/**/*.test.ts'], { globalSetup: setup, testTimeout: 1_500_000, hookTimeout: 300_000, fileParallelism: false })] : []),
      ...(drill ? [project('drill', ['test/drill/**/*.test.ts'], { globalSetup: setup, testTimeout: 1_500_000, hookTimeout: 300_000, fileParallelism: false })] : []),
    ] as never,
  },
});
