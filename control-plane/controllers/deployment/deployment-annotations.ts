/** Annotations by which a Deployment and its ReplicaSets remember the rollout. */
import type { Deployment, ReplicaSet } from '../../../api/apps.ts';
import { maxSurge } from './rollout-limits.ts';

export const revisionAnnotation = 'deployment.kubernetes.io/revision';
export const revisionHistoryAnnotation = 'deployment.kubernetes.io/revision-history';
export const desiredReplicasAnnotation = 'deployment.kubernetes.io/desired-replicas';
export const maxReplicasAnnotation = 'deployment.kubernetes.io/max-replicas';

type Annotations = Readonly<Record<string, string>>;

/** Not copied from a Deployment to its ReplicaSets: they are the bookkeeping of one or the other. */
const notCopied: ReadonlySet<string> = new Set([
  'kubectl.kubernetes.io/last-applied-configuration', revisionAnnotation, revisionHistoryAnnotation, desiredReplicasAnnotation,
  maxReplicasAnnotation, 'deprecated.deployment.rollback.to',
]);

/** 0 when there is none, or none that is a number. */
export function revisionOf(object: { metadata?: { annotations?: Annotations } }): bigint {
  return parseRevision(object.metadata?.annotations?.[revisionAnnotation]);
}

function parseRevision(text: string | undefined): bigint {
  return text !== undefined && /^-?\d{1,19}$/.test(text) ? BigInt(text) : 0n;
}

export function maxRevision(replicaSets: readonly ReplicaSet[]): bigint {
  return replicaSets.map(revisionOf).reduce((most, revision) => (revision > most ? revision : most), 0n);
}

/** What a ReplicaSet must say about the size of the Deployment; scaling in mid-rollout is noticed and shared out by it. */
export function replicasAnnotations(deployment: Deployment): Annotations {
  const desired = deployment.spec?.replicas ?? 1;
  return { [desiredReplicasAnnotation]: String(desired), [maxReplicasAnnotation]: String(desired + maxSurge(deployment)) };
}

/** @returns undefined when the annotation is missing or no number. */
export function annotatedReplicas(replicaSet: ReplicaSet, annotation: typeof desiredReplicasAnnotation | typeof maxReplicasAnnotation): number | undefined {
  const text = replicaSet.metadata?.annotations?.[annotation];
  const value = Number(text);
  return text === undefined || !Number.isSafeInteger(value) ? undefined : value;
}

/**
 * The annotations of the ReplicaSet that carries the Deployment's present template.
 * @param newRevision one more than the newest of the other ReplicaSets.
 */
export function newReplicaSetAnnotations(deployment: Deployment, current: Annotations | undefined, newRevision: bigint): Annotations {
  const annotations: Record<string, string> = { ...current };
  for (const [key, value] of Object.entries(deployment.metadata?.annotations ?? {})) if (!notCopied.has(key)) annotations[key] = value;
  const oldRevision = current?.[revisionAnnotation];
  if (parseRevision(oldRevision) >= newRevision) return annotations;
  annotations[revisionAnnotation] = String(newRevision);
  // It served an earlier revision: this is an undo, and the history keeps the numbers it had.
  if (oldRevision !== undefined) {
    const history = current?.[revisionHistoryAnnotation];
    annotations[revisionHistoryAnnotation] = history ? `${history},${oldRevision}` : oldRevision;
  }
  return annotations;
}
