/** The subresource `scale` of the kinds that have replicas: autoscaling/v1 Scale in and out. */
import type { Deployment, ReplicaSet, StatefulSet } from '../../api/apps.ts';
import type { ReplicationController } from '../../api/core.ts';
import type { FieldError } from '../../api/errors.ts';
import type { KubernetesObject, LabelSelector, ObjectMeta } from '../../api/meta.ts';
import { deepClone } from './deep-clone.ts';

export type Scalable = Deployment | ReplicaSet | StatefulSet | ReplicationController;

/** autoscaling/v1. */
export interface Scale extends KubernetesObject {
  spec?: { replicas?: number };
  status?: { replicas: number; selector?: string };
}

export function toScale(parent: Scalable): Scale {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = parent.metadata ?? {};
  const metadata: ObjectMeta = { name, namespace, uid, resourceVersion, creationTimestamp };
  return {
    apiVersion: 'autoscaling/v1',
    kind: 'Scale',
    metadata,
    spec: { replicas: parent.spec?.replicas ?? 0 },
    status: { replicas: parent.status?.replicas ?? 0, selector: formatLabelSelector(selectorOf(parent)) },
  };
}

/** Old controllers have their labels without a word around them. */
function selectorOf(parent: Scalable): LabelSelector | undefined {
  const selector = parent.spec?.selector;
  return parent.kind === 'ReplicationController' ? { matchLabels: selector as Record<string, string> } : selector as LabelSelector;
}

/** The parent as the Scale wants it: replicas, and the version and uid that the client insists on. */
export function applyScale<T extends Scalable>(parent: T, scale: Scale): T {
  const wanted = deepClone(parent);
  wanted.spec = { ...wanted.spec!, replicas: scale.spec?.replicas ?? 0 };
  const { resourceVersion, uid } = scale.metadata ?? {};
  wanted.metadata = { ...wanted.metadata, ...(resourceVersion ? { resourceVersion } : {}), ...(uid ? { uid } : {}) };
  return wanted;
}

/** `a=b,c in (d,e),f,!g`, sorted by key, as metav1.FormatLabelSelector's machine-readable form. */
export function formatLabelSelector(selector: LabelSelector | undefined): string {
  const parts = Object.entries(selector?.matchLabels ?? {}).map(([key, value]) => ({ key, text: `${key}=${value}` }));
  for (const { key, operator, values = [] } of selector?.matchExpressions ?? []) {
    const set = `(${[...values].sort().join(',')})`;
    const text = { In: `${key} in ${set}`, NotIn: `${key} notin ${set}`, Exists: key, DoesNotExist: `!${key}` }[operator] ?? key;
    parts.push({ key, text });
  }
  return parts.sort((a, b) => (a.key < b.key ? -1 : 1)).map((part) => part.text).join(',');
}

/** A write through `scale` changes nothing but spec.replicas. @param old a private copy. */
export function keepOnlyReplicas<T extends KubernetesObject>(wanted: T, old: T): T {
  const spec = (wanted as Scalable).spec;
  (old as Scalable).spec = { ...(old as Scalable).spec!, replicas: spec?.replicas };
  return old;
}

export function validateReplicas(object: KubernetesObject): FieldError[] {
  const replicas = (object as Scalable).spec?.replicas ?? 0;
  if (Number.isInteger(replicas) && replicas >= 0) return [];
  return [{ reason: 'FieldValueInvalid', field: 'spec.replicas', message: `Invalid value: ${replicas}: must be greater than or equal to 0` }];
}
