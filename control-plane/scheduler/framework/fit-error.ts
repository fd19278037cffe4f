import type { ClusterEvent, Failure } from './interface.ts';

export interface NodeFailure extends Failure {
  node: string;
  plugin: string;
}

/** Why a pod fits nowhere. Its text is what kubectl shows; follows framework.FitError and the default preemption of 1.36. */
export class FitError {
  readonly failures: readonly NodeFailure[];
  /** Whatever happens of this may make it fit. */
  readonly events: ReadonlySet<ClusterEvent>;
  private readonly nodeCount: number;

  constructor({ nodeCount, failures, events }: { nodeCount: number; failures: readonly NodeFailure[]; events: ReadonlySet<ClusterEvent> }) {
    this.nodeCount = nodeCount;
    this.failures = failures;
    this.events = events;
  }

  get message(): string {
    if (this.nodeCount === 0) return 'no nodes available to schedule pods';
    const available = `0/${this.nodeCount} nodes are available`;
    const why = histogram(this.failures.flatMap(({ reasons }) => reasons));
    const preemption = histogram(this.failures.map(({ unresolvable }) => (unresolvable
      ? 'Preemption is not helpful for scheduling'
      : 'No preemption victims found for incoming pod')));
    return `${available}: ${why}. no new claims to deallocate, preemption: ${available}: ${preemption}.`;
  }
}

/** `1 Insufficient cpu, 2 Too many pods`, sorted as text, as Kubernetes does. */
function histogram(reasons: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const reason of reasons) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  return [...counts].map(([reason, count]) => `${count} ${reason}`).sort(compareBytes).join(', ');
}

function compareBytes(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
