/**
 * Gives memory back when there is little to do. V8 lets the heap of a busy process grow to a multiple of what is alive in it
 * and is in no hurry afterwards; on a board with 512 MB that room is better used for pods.
 */
import { performance } from 'node:perf_hooks';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Clock } from './clock.ts';

export interface IdleCollectorOptions {
  clock: Pick<Clock, 'after'>;
  /** Bytes of the heap that are taken, garbage included. */
  heapUsed: () => number;
  /** The share of the time since the last call in which the event loop was busy, 0 to 1. */
  utilization: () => number;
  /** Collects all garbage at once: a pause of some 100 ms. */
  collect: () => void;
}

const lookEveryMs = 5_000;
const idleUtilization = 0.1;
/** Not worth a pause: less garbage than this share of what was alive, or than these bytes. */
const minimumGrowth = 1.2;
const minimumBytes = 4 * 1024 * 1024;

export class IdleCollector {
  private readonly options: IdleCollectorOptions;
  /** Bytes after the last collection. */
  private alive = 0;
  private timer: { cancel(): void } | undefined;

  constructor(options: IdleCollectorOptions) {
    this.options = options;
  }

  start(): void {
    this.timer = this.options.clock.after(lookEveryMs, () => {
      this.look();
      this.start();
    });
  }

  stop(): void {
    this.timer?.cancel();
  }

  private look(): void {
    const { heapUsed, utilization, collect } = this.options;
    const busy = utilization() > idleUtilization;
    const used = heapUsed();
    if (busy || used < Math.max(this.alive * minimumGrowth, this.alive + minimumBytes)) return;
    collect();
    this.alive = heapUsed();
  }
}

/** Of this process. */
export function createIdleCollector(clock: Pick<Clock, 'after'>): IdleCollector {
  let last = performance.eventLoopUtilization();
  return new IdleCollector({
    clock, heapUsed: () => process.memoryUsage().heapUsed, collect: fullCollection(),
    utilization: () => {
      const now = performance.eventLoopUtilization();
      const { utilization } = performance.eventLoopUtilization(now, last);
      last = now;
      return utilization;
    },
  });
}

/**
 * V8's own collector, which is reached only by a flag. It moves what is alive together, on every page: after a burst of writes a
 * fifth of the heap's pages would otherwise stay, each for a few objects.
 */
export function fullCollection(): () => void {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  setFlagsFromString('--no-expose-gc');
  return () => {
    setFlagsFromString('--compact-on-every-full-gc');
    try {
      collect();
    } finally {
      setFlagsFromString('--no-compact-on-every-full-gc');
    }
  };
}
