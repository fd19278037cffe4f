/**
 * Lets those who write the same key take turns after they got in each other's way. Without it, of n writers of one key n-1
 * would try again for nothing each time, and n² attempts would be made for n writes.
 */
import { KeyConflictError } from '../storage/storage.ts';

export class KeyTurns {
  /** Key → settles when the last one in line is done. As many entries as there are keys with a line. */
  private readonly lines = new Map<string, Promise<void>>();

  /** Runs `attempt` until it meets no conflict: the first time at once, then in turn. Passes on what else it throws. */
  async untilNoConflict<T>(key: string, attempt: () => Promise<T>): Promise<T> {
    const first = await withoutConflict(attempt);
    if (first) return first.value;
    return this.inTurn(key, async () => {
      for (;;) {
        const result = await withoutConflict(attempt);
        if (result) return result.value;
      }
    });
  }

  private async inTurn<T>(key: string, work: () => Promise<T>): Promise<T> {
    const running = (this.lines.get(key) ?? Promise.resolve()).then(work);
    const done = running.then(() => undefined, () => undefined);
    this.lines.set(key, done);
    try {
      return await running;
    } finally {
      if (this.lines.get(key) === done) this.lines.delete(key);
    }
  }
}

async function withoutConflict<T>(attempt: () => Promise<T>): Promise<{ value: T } | undefined> {
  try {
    return { value: await attempt() };
  } catch (error) {
    if (error instanceof KeyConflictError) return undefined;
    throw error;
  }
}
