/** How many pods their controllers want. Follows k8s.io/kubernetes/pkg/controller/disruption. */
import type { Pod } from '../../../api/core.ts';
import { isNotFound } from '../../../api/errors.ts';
import { controllerOf, type KubernetesObject, type OwnerReference } from '../../../api/meta.ts';
import { apiVersionOf, deployments, replicaSets, type Resource } from '../../../api/resources.ts';
import type { ApiClient } from '../../../machinery/client.ts';
import type { ResourceCatalog } from '../../registry/resource-catalog.ts';
import { toScale } from '../../registry/scale.ts';

interface Scale {
  uid: string;
  replicas: number;
}

export interface ExpectedScale {
  /** Replicas of all controllers of the pods together. */
  total: number;
  /** Names of pods without a controller. */
  unmanaged: string[];
}

/** @throws Error for a pod whose controller is gone, unknown or has no scale. */
export async function expectedScale(client: ApiClient, catalog: ResourceCatalog, pods: readonly Pod[]): Promise<ExpectedScale> {
  const asked = new Set<string>();
  const scales = new Map<string, number>();
  const unmanaged: string[] = [];
  for (const pod of pods) {
    const reference = controllerOf(pod);
    if (!reference) unmanaged.push(pod.metadata?.name ?? '');
    if (!reference || asked.has(reference.uid)) continue;
    asked.add(reference.uid);
    const scale = await findScale(client, catalog, reference, pod.metadata?.namespace ?? '');
    if (!scale) throw new Error(`found no controllers for pod ${JSON.stringify(pod.metadata?.name ?? '')}`);
    scales.set(scale.uid, scale.replicas);
  }
  return { total: [...scales.values()].reduce((sum, replicas) => sum + replicas, 0), unmanaged };
}

/** Of the Deployment where there is one: during a rollout its ReplicaSets share its pods. */
async function findScale(client: ApiClient, catalog: ResourceCatalog, reference: OwnerReference, namespace: string): Promise<Scale | undefined> {
  const row = catalog.findKind(reference.apiVersion, reference.kind);
  if (!row) throw new Error(`no matches for kind ${JSON.stringify(reference.kind)} in version ${JSON.stringify(reference.apiVersion)}`);
  if (!row.subresources.includes('scale')) throw new Error(`${groupResource(row)} does not implement the scale subresource`);
  const controller = await getOwner(client, row, reference, namespace);
  if (!controller) return undefined;
  const owner = row === replicaSets ? controllerOf(controller) : undefined;
  if (owner?.kind === deployments.kind && owner.apiVersion === apiVersionOf(deployments)) {
    const deployment = await getOwner(client, deployments, owner, namespace);
    if (deployment) return scaleOf(deployments, deployment);
  }
  return scaleOf(row, controller);
}

function scaleOf(row: Resource, object: KubernetesObject): Scale {
  return { uid: object.metadata?.uid ?? '', replicas: toScale(row, object).spec?.replicas ?? 0 };
}

/** @returns undefined when it is gone or another has taken its name. */
async function getOwner(client: ApiClient, row: Resource, { name, uid }: OwnerReference, namespace: string): Promise<KubernetesObject | undefined> {
  try {
    const object = await client.resource(row).get(name, namespace);
    return object.metadata?.uid === uid ? object : undefined;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

function groupResource({ group, plural }: Resource): string {
  return group === '' ? plural : `${plural}.${group}`;
}
