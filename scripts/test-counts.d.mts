/** The part of Vitest's JSON report that counts. */
export interface VitestReport {
  readonly testResults: readonly {
    readonly status: string;
    readonly assertionResults: readonly { readonly status: string }[];
  }[];
}

/** How many tests of a report passed, and how many did not. */
export function countTests(
  report: VitestReport | undefined,
  exitCode: number,
): { readonly passed: number; readonly failed: number };
