/** Which of a Deployment's ReplicaSets is the new one, which are old, and sums over them. */
import type { Deployment, ReplicaSet } from '../../../api/apps.ts';
import type { PodTemplateSpec } from '../../../api/core.ts';
import { semanticEqual } from '../semantic-equality.ts';
import { podTemplateHashLabel } from './hash.ts';

export interface DeploymentReplicaSets {
  /** Carries the Deployment's present template; absent until it is created. */
  newReplicaSet: ReplicaSet | undefined;
  /** All others, oldest first. */
  oldReplicaSets: readonly ReplicaSet[];
}

/** Where several carry the present template (a hash collision left one behind), the oldest is the new one, for good. */
export function selectReplicaSets(deployment: Deployment, owned: readonly ReplicaSet[]): DeploymentReplicaSets {
  const sorted = [...owned].sort(olderFirst);
  const newReplicaSet = sorted.find((replicaSet) => equalIgnoringHash(replicaSet.spec?.template, deployment.spec?.template));
  return { newReplicaSet, oldReplicaSets: sorted.filter((replicaSet) => replicaSet !== newReplicaSet) };
}

export function allReplicaSets({ newReplicaSet, oldReplicaSets }: DeploymentReplicaSets): ReplicaSet[] {
  return newReplicaSet ? [...oldReplicaSets, newReplicaSet] : [...oldReplicaSets];
}

export function olderFirst(left: ReplicaSet, right: ReplicaSet): number {
  return compareText(left.metadata?.creationTimestamp ?? '', right.metadata?.creationTimestamp ?? '')
    || compareText(left.metadata?.name ?? '', right.metadata?.name ?? '');
}

function compareText(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

export function equalIgnoringHash(left: PodTemplateSpec | undefined, right: PodTemplateSpec | undefined): boolean {
  return semanticEqual(withoutHash(left), withoutHash(right));
}

function withoutHash(template: PodTemplateSpec | undefined): PodTemplateSpec | undefined {
  if (!template?.metadata?.labels) return template;
  const { [podTemplateHashLabel]: _hash, ...labels } = template.metadata.labels;
  return { ...template, metadata: { ...template.metadata, labels } };
}

export function desiredSize(replicaSet: ReplicaSet | undefined): number {
  return replicaSet?.spec?.replicas ?? 0;
}

export function isActive(replicaSet: ReplicaSet): boolean {
  return desiredSize(replicaSet) > 0;
}

export function totalDesired(replicaSets: readonly ReplicaSet[]): number {
  return replicaSets.reduce((sum, replicaSet) => sum + desiredSize(replicaSet), 0);
}

export function total(replicaSets: readonly ReplicaSet[], field: 'replicas' | 'readyReplicas' | 'availableReplicas' | 'terminatingReplicas'): number {
  return replicaSets.reduce((sum, { status }) => sum + ((status as Partial<Record<typeof field, number>> | undefined)?.[field] ?? 0), 0);
}
