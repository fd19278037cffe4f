/** The classes that every cluster has. Source: pkg/apis/scheduling/v1/helpers.go. */
import type { PriorityClass } from '../../../../api/scheduling.ts';

export const systemPriorityPrefix = 'system-';
/** Above it only the system's own. */
export const highestUserPriority = 1_000_000_000;

export const systemPriorityClasses: readonly PriorityClass[] = [
  {
    apiVersion: 'scheduling.k8s.io/v1', kind: 'PriorityClass', metadata: { name: 'system-node-critical' }, value: 2_000_001_000,
    description: 'Used for system critical pods that must not be moved from their current node.', preemptionPolicy: 'PreemptLowerPriority',
  },
  {
    apiVersion: 'scheduling.k8s.io/v1', kind: 'PriorityClass', metadata: { name: 'system-cluster-critical' }, value: 2_000_000_000,
    description: 'Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.', preemptionPolicy: 'PreemptLowerPriority',
  },
];
