/** Small objects for tables of cases. */
import type { Deployment, ReplicaSet } from '../../../api/apps.ts';
import type { Pod } from '../../../api/core.ts';

export const testNow = Date.parse('2026-01-01T01:00:00Z');

/** @param ageSeconds how long before testNow. */
export function ago(ageSeconds: number): string {
  return new Date(testNow - ageSeconds * 1000).toISOString().replace('.000Z', 'Z');
}

export interface PodFacts {
  node?: string;
  phase?: string;
  ready?: boolean;
  readyForSeconds?: number;
  ageSeconds?: number;
  restarts?: number;
  cost?: string;
  ip?: string;
  terminating?: boolean;
  labels?: Record<string, string>;
  spec?: Partial<NonNullable<Pod['spec']>>;
}

export function makePod(name: string, facts: PodFacts = {}): Pod {
  const { node, phase = 'Running', ready = true, readyForSeconds = 1000, ageSeconds = 2000, restarts = 0, cost, ip, terminating, labels } = facts;
  return {
    apiVersion: 'v1', kind: 'Pod',
    metadata: {
      name, uid: name, namespace: 'default', creationTimestamp: ago(ageSeconds), labels: labels ?? { app: 'web' },
      ...(cost === undefined ? {} : { annotations: { 'controller.kubernetes.io/pod-deletion-cost': cost } }),
      ...(terminating ? { deletionTimestamp: ago(0) } : {}),
    },
    spec: { containers: [{ name: 'main', image: 'web', ports: [{ name: 'http', containerPort: 8080 }] }], ...(node ? { nodeName: node } : {}), ...facts.spec },
    status: {
      phase, ...(ip ? { podIP: ip, podIPs: [{ ip }] } : {}),
      conditions: [{ type: 'Ready', status: ready ? 'True' : 'False', lastTransitionTime: ago(readyForSeconds) }],
      containerStatuses: [{ name: 'main', image: 'web', imageID: '', ready, restartCount: restarts }],
    },
  };
}

/** @param counts size, and how many pods are there and available (default: size). */
export function makeReplicaSet(name: string, size: number, counts: { replicas?: number; available?: number; ageSeconds?: number; annotations?: Record<string, string> } = {}): ReplicaSet {
  const { replicas = size, available = replicas, ageSeconds = 0, annotations = {} } = counts;
  return {
    apiVersion: 'apps/v1', kind: 'ReplicaSet',
    metadata: { name, uid: name, namespace: 'default', creationTimestamp: ago(ageSeconds), annotations },
    spec: { replicas: size, selector: { matchLabels: { app: 'web' } }, template: { spec: { containers: [{ name: 'main', image: name }] } } },
    status: { replicas, availableReplicas: available, readyReplicas: available },
  };
}

export function makeRollout(replicas: number, maxSurge: number | string, maxUnavailable: number | string): Deployment {
  return {
    apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web', uid: 'web', namespace: 'default' },
    spec: {
      replicas, selector: { matchLabels: { app: 'web' } }, template: { spec: { containers: [{ name: 'main', image: 'new' }] } },
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge, maxUnavailable } },
    },
  };
}

/** A plan as name → size, for comparison. */
export function sizes(resizes: readonly { replicaSet: ReplicaSet; replicas: number }[]): Record<string, number> {
  return Object.fromEntries(resizes.map(({ replicaSet, replicas }): [string, number] => [replicaSet.metadata?.name ?? '', replicas]));
}
