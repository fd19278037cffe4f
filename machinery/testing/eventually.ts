/** Polls until `probe` returns without throwing and not undefined/false; throws its last error at the deadline. */
export async function eventually<T>(probe: () => T | Promise<T>, options: { timeoutMs?: number; everyMs?: number } = {}): Promise<T> {
  const { timeoutMs = 10_000, everyMs = 25 } = options;
  const deadline = performance.now() + timeoutMs;
  let last: unknown = new Error('never true');
  for (;;) {
    try {
      const value = await probe();
      if (value !== undefined && value !== false) return value;
      last = new Error(`still ${String(value)} after ${timeoutMs} ms`);
    } catch (error) {
      last = error;
    }
    if (performance.now() >= deadline) throw last;
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}
