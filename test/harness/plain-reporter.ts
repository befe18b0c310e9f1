/** The plain closing line `N passed, N failed, N skipped`, alone on a line, after one line per skipped test that names it and why. */
import { appendFileSync } from 'node:fs';
import type { Reporter, TestCase, TestModule } from 'vitest/node';

const reasonOf = (test: TestCase): string => {
  const result = test.result();
  return (result.state === 'skipped' ? result.note : undefined) ?? 'no reason given';
};

export default class PlainReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[] = []): void {
    const count = { passed: 0, failed: errors.length, skipped: 0 };
    const skips: string[] = [];
    for (const module of modules) {
      const tests = [...module.children.allTests()];
      // A file that broke outside its tests, or an unhandled error, is a failure too.
      count.failed += module.errors().length;
      for (const test of tests) {
        const { state } = test.result();
        if (state === 'passed') count.passed++;
        else if (state === 'skipped') { count.skipped++; skips.push(`skipped: [${test.project.name}] ${test.fullName} (${reasonOf(test)})`); } else count.failed++;
      }
    }
    // Under scripts/test.ts several runs share one closing line.
    const file = process.env['ANLING_TEST_COUNTS'];
    if (file) appendFileSync(file, `${JSON.stringify({ ...count, skips })}\n`);
    else console.log([...skips, `${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped`].join('\n'));
  }
}
