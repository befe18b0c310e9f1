/** The plain closing line `N passed, N failed, N skipped`, alone on a line, after one line per skipped test that names it and why, and one per failed test. */
import { appendFileSync } from 'node:fs';
import type { Reporter, TestCase, TestModule } from 'vitest/node';

const reasonOf = (test: TestCase): string => {
  const result = test.result();
  return (result.state === 'skipped' ? result.note : undefined) ?? 'no reason given';
};

/** What failed, where, and the first lines of why: the last thing a log shows. */
const failureOf = (project: string, name: string, file: string, errors: readonly { message: string }[]): { project: string; file: string; line: string } =>
  ({ project, file, line: `FAILED: [${project}] ${file}: ${name}: ${errors.map((e) => e.message.split('\n').slice(0, 4).join(' ')).join(' | ').slice(0, 700)}` });

export default class PlainReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[] = []): void {
    const count = { passed: 0, failed: errors.length, skipped: 0 };
    const skips: string[] = [];
    const failures = errors.map((error) => failureOf('', 'an error outside of any test', '', [{ message: error instanceof Error ? error.message : String((error as { message?: unknown }).message ?? error) }]));
    for (const module of modules) {
      const tests = [...module.children.allTests()];
      // A file that broke outside its tests, or an unhandled error, is a failure too.
      const broken = module.errors();
      count.failed += broken.length;
      if (broken.length > 0) failures.push(failureOf(module.project.name, 'the file', module.relativeModuleId, broken));
      for (const test of tests) {
        const { state, errors: whys } = test.result();
        if (state === 'passed') count.passed++;
        else if (state === 'skipped') { count.skipped++; skips.push(`skipped: [${test.project.name}] ${test.fullName} (${reasonOf(test)})`); } else { count.failed++; failures.push(failureOf(test.project.name, test.fullName, module.relativeModuleId, whys ?? [])); }
      }
    }
    // Under scripts/test.ts several runs share one closing line.
    const file = process.env['ANLING_TEST_COUNTS'];
    if (file) appendFileSync(file, `${JSON.stringify({ ...count, skips, failures })}\n`);
    else console.log([...failures.map((f) => f.line), ...skips, `${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped`].join('\n'));
  }
}
