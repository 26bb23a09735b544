/** Counts what the page would report as an unhandled rejection. Vitest listens too; a test that asserts says where it came from. */

const reasons: unknown[] = [];
addEventListener("unhandledrejection", (event) => {
  reasons.push(event.reason);
});

/** The rejections that nobody handled since the page began, once the page has had its turn to find them. */
export async function unhandledRejections(): Promise<readonly unknown[]> {
  await new Promise((resolve) => setTimeout(resolve, 20));
  return reasons;
}
