/**
 * Counts the tests in one JSON report of Vitest. What did not pass has failed: skipped and unfinished tests, files that
 * could not be loaded, faults outside of tests, an empty run.
 *
 * `report` is the parsed report, or undefined where the runner left none; `exitCode` is the runner's own verdict.
 */
export function countTests(report, exitCode) {
  let passed = 0;
  let failed = 0;
  for (const file of report?.testResults ?? []) {
    const failedBefore = failed;
    for (const test of file.assertionResults) {
      if (test.status === "passed") passed++;
      else failed++;
    }
    if (file.status !== "passed" && failed === failedBefore) failed++;
  }
  if (failed === 0 && (exitCode !== 0 || passed === 0)) failed++;
  return { passed, failed };
}
