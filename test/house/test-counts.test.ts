import { expect, test } from "vitest";
import { countTests } from "../../scripts/test-counts.mjs";

const file = (status: string, ...statuses: string[]) => ({
  status,
  assertionResults: statuses.map((each) => ({ status: each })),
});
const report = (...testResults: ReturnType<typeof file>[]) => ({ testResults });

test("passed tests count as passed", () => {
  expect(countTests(report(file("passed", "passed", "passed"), file("passed", "passed")), 0)).toEqual({
    passed: 3,
    failed: 0,
  });
});

test.each(["failed", "skipped", "pending", "todo"])("a %s test counts as failed", (status) => {
  expect(countTests(report(file("passed", "passed", status)), 0)).toEqual({ passed: 1, failed: 1 });
});

test("a file that could not be loaded counts as one failure", () => {
  expect(countTests(report(file("failed"), file("passed", "passed")), 1)).toEqual({ passed: 1, failed: 1 });
});

test("an empty run, a missing report and a bad exit each count as a failure", () => {
  expect(countTests(report(), 0)).toEqual({ passed: 0, failed: 1 });
  expect(countTests(undefined, 0)).toEqual({ passed: 0, failed: 1 });
  expect(countTests(report(file("passed", "passed")), 1)).toEqual({ passed: 1, failed: 1 });
});
