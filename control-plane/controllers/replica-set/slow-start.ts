/**
 * Runs `count` operations in batches of 1, 2, 4, ...: where the first fails (a quota, a missing ServiceAccount), the rest are
 * not even tried. Follows k8s.io/kubernetes/pkg/controller/replicaset slowStartBatch.
 * @returns how many succeeded and the first error of the batch that failed.
 */
export async function slowStartBatch(count: number, operation: () => Promise<void>): Promise<{ succeeded: number; error?: Error }> {
  let remaining = count;
  let succeeded = 0;
  for (let size = Math.min(remaining, 1); size > 0; size = Math.min(2 * size, remaining)) {
    const results = await Promise.allSettled(Array.from({ length: size }, operation));
    const failed = results.find((result) => result.status === 'rejected');
    succeeded += results.filter((result) => result.status === 'fulfilled').length;
    if (failed) return { succeeded, error: failed.reason as Error };
    remaining -= size;
  }
  return { succeeded };
}
