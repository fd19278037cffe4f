/**
 * How long a container that ended has to wait before it is started again: nothing the first time, then 10 s, doubling up to
 * 300 s, forgotten once it has run for 10 minutes. Follows flowcontrol.Backoff and kuberuntime's doBackOff.
 */
export const initialBackOffMs = 10_000;
export const maximumBackOffMs = 300_000;

interface Entry {
  delayMs: number;
  /** When the delay was last raised. */
  updatedAt: number;
}

export interface BackOffWait {
  until: number;
  delayMs: number;
}

/** Bounded by the containers of the pods on the board: keys go with forget(). */
export class ContainerBackOff {
  private readonly entries = new Map<string, Entry>();

  /** @returns the wait that is still on for a container that ended at `finishedAt`; undefined when it may start. */
  waiting(key: string, finishedAt: number, now: number): BackOffWait | undefined {
    const entry = this.entries.get(key);
    if (!entry || expired(entry, finishedAt)) return undefined;
    const until = finishedAt + entry.delayMs;
    return now < until ? { until, delayMs: entry.delayMs } : undefined;
  }

  /** To be called when a container that ended at `finishedAt` is started again. */
  raise(key: string, finishedAt: number, now: number): void {
    const entry = this.entries.get(key);
    const delayMs = !entry || expired(entry, finishedAt) ? initialBackOffMs : Math.min(entry.delayMs * 2, maximumBackOffMs);
    this.entries.set(key, { delayMs, updatedAt: now });
  }

  /** Drops all keys that begin with `prefix`. */
  forget(prefix: string): void {
    for (const key of this.entries.keys()) if (key.startsWith(prefix)) this.entries.delete(key);
  }
}

function expired(entry: Entry, finishedAt: number): boolean {
  return finishedAt - entry.updatedAt > 2 * maximumBackOffMs;
}
