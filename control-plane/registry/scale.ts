/** The subresource `scale`: an autoscaling/v1 Scale stands for the replicas of workloads and of custom kinds that have some. */
import type { FieldError } from '../../api/errors.ts';
import type { KubernetesObject, LabelSelector, ObjectMeta } from '../../api/meta.ts';
import type { CustomScale, Resource } from '../../api/resource.ts';
import { cloneObject } from './deep-clone.ts';

/** autoscaling/v1. */
export interface Scale extends KubernetesObject {
  spec?: { replicas?: number };
  status?: { replicas: number; selector?: string };
}

const workloadScale: CustomScale = { specReplicas: ['spec', 'replicas'], statusReplicas: ['status', 'replicas'] };

function pathsOf(resource: Resource): CustomScale {
  return resource.custom?.scale ?? workloadScale;
}

export function toScale(resource: Resource, parent: KubernetesObject): Scale {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = parent.metadata ?? {};
  const metadata: ObjectMeta = { name, namespace, uid, resourceVersion, creationTimestamp };
  const paths = pathsOf(resource);
  const selector = selectorOf(resource, paths, parent);
  return {
    apiVersion: 'autoscaling/v1',
    kind: 'Scale',
    metadata,
    spec: { replicas: numberAt(parent, paths.specReplicas) ?? 0 },
    status: { replicas: numberAt(parent, paths.statusReplicas) ?? 0, ...(selector === undefined ? {} : { selector }) },
  };
}

/** As text, which horizontal autoscalers list pods by. */
function selectorOf(resource: Resource, { labelSelector }: CustomScale, parent: KubernetesObject): string | undefined {
  if (resource.custom) {
    const text = labelSelector && valueAt(parent, labelSelector);
    return typeof text === 'string' && text !== '' ? text : undefined;
  }
  const selector = valueAt(parent, ['spec', 'selector']) as LabelSelector | Record<string, string> | undefined;
  // ReplicationControllers are from before there were LabelSelectors.
  return formatLabelSelector(resource.group === '' ? { matchLabels: selector as Record<string, string> | undefined } : selector);
}

/** The parent as the Scale wants it: replicas, and the version and uid that the client insists on. */
export function applyScale<T extends KubernetesObject>(resource: Resource, parent: T, scale: Scale): T {
  const wanted = withReplicas(resource, cloneObject(parent), scale.spec?.replicas ?? 0);
  const { resourceVersion, uid } = scale.metadata ?? {};
  wanted.metadata = { ...wanted.metadata, ...(resourceVersion ? { resourceVersion } : {}), ...(uid ? { uid } : {}) };
  return wanted;
}

/** What of a parent an applied Scale means. */
export function configurationOf(resource: Resource, { apiVersion, kind }: { apiVersion: string; kind: string }, scale: Scale): KubernetesObject {
  const { name, namespace, uid, resourceVersion } = scale.metadata ?? {};
  const configuration: KubernetesObject = {
    apiVersion, kind, metadata: { ...(name ? { name } : {}), ...(namespace ? { namespace } : {}), ...(uid ? { uid } : {}), ...(resourceVersion ? { resourceVersion } : {}) },
  };
  return scale.spec?.replicas === undefined ? configuration : withReplicas(resource, configuration, scale.spec.replicas);
}

/** Sets the replicas of a private copy. */
function withReplicas<T extends KubernetesObject>(resource: Resource, object: T, replicas: number | undefined): T {
  const { specReplicas } = pathsOf(resource);
  let place = object as Record<string, unknown>;
  for (const field of specReplicas.slice(0, -1)) {
    const below = place[field];
    place = place[field] = typeof below === 'object' && below !== null ? { ...below } : {};
  }
  const last = specReplicas.at(-1)!;
  if (replicas === undefined) Reflect.deleteProperty(place, last);
  else place[last] = replicas;
  return object;
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

/** A write through `scale` changes nothing but the replicas. @param old a private copy. */
export function keepOnlyReplicas<T extends KubernetesObject>(resource: Resource, wanted: T, old: T): T {
  const kept = withReplicas(resource, old, valueAt(wanted, pathsOf(resource).specReplicas) as number | undefined);
  kept.metadata = { ...kept.metadata, managedFields: wanted.metadata?.managedFields };
  return kept;
}

export function validateReplicas(resource: Resource, object: KubernetesObject): FieldError[] {
  const replicas = valueAt(object, pathsOf(resource).specReplicas) ?? 0;
  if (typeof replicas === 'number' && Number.isInteger(replicas) && replicas >= 0) return [];
  return [{ reason: 'FieldValueInvalid', field: 'spec.replicas', message: `Invalid value: ${JSON.stringify(replicas)}: must be greater than or equal to 0` }];
}

function valueAt(object: object, path: readonly string[]): unknown {
  let place: unknown = object;
  for (const field of path) place = typeof place === 'object' && place !== null && Object.hasOwn(place, field) ? (place as Record<string, unknown>)[field] : undefined;
  return place;
}

function numberAt(object: object, path: readonly string[]): number | undefined {
  const value = valueAt(object, path);
  return typeof value === 'number' ? value : undefined;
}
