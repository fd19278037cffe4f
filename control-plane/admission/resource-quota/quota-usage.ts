/**
 * What an object uses of a quota, by the names that quotas use (`pods`, `requests.cpu`, `count/deployments.apps`). Amounts are
 * nano-units. Follows pkg/quota/v1/evaluator/core and k8s.io/apiserver/pkg/quota/v1/generic.
 */
import type { PersistentVolumeClaim, Pod, Service } from '../../../api/core.ts';
import type { KubernetesObject } from '../../../api/meta.ts';
import { parseQuantity } from '../../../api/quantity.ts';
import {
  configMaps, persistentVolumeClaims, pods, replicationControllers, resourceQuotas, secrets, services, type Resource,
} from '../../../api/resources.ts';
import { podLimits, podRequests } from '../resource-amounts.ts';

export type Usage = ReadonlyMap<string, bigint>;

export const one = 1_000_000_000n;

/** Kinds that are also counted under a name of their own. */
const plainCounts: ReadonlyMap<Resource, string> = new Map<Resource, string>([
  [configMaps, 'configmaps'], [secrets, 'secrets'], [resourceQuotas, 'resourcequotas'], [replicationControllers, 'replicationcontrollers'],
]);

/** `count/deployments.apps`, `count/pods` */
export function countName({ group, plural }: Pick<Resource, 'group' | 'plural'>): string {
  return group ? `count/${plural}.${group}` : `count/${plural}`;
}

/** The names that an object of this kind may use something of. */
export function concerns(resource: Resource, name: string): boolean {
  // As Kubernetes ignores them: what tells of an exceeded quota must not be held back by one.
  if (resource.plural === 'events') return false;
  if (name === countName(resource)) return true;
  if (resource === pods) return isPodName(name);
  if (resource === services) return name === 'services' || name === 'services.nodeports' || name === 'services.loadbalancers';
  if (resource === persistentVolumeClaims) return name === 'persistentvolumeclaims' || name === 'requests.storage' || name.includes(classInfix);
  return plainCounts.get(resource) === name;
}

const classInfix = '.storageclass.storage.k8s.io/';

function isPodName(name: string): boolean {
  if (['pods', 'cpu', 'memory', 'ephemeral-storage', 'limits.cpu', 'limits.memory', 'limits.ephemeral-storage'].includes(name)) return true;
  if (name.startsWith('hugepages-')) return true;
  return name.startsWith('requests.') && name !== 'requests.storage';
}

/** @param now milliseconds: a pod whose grace period is over is not counted any more. */
export function usageOf(resource: Resource, object: KubernetesObject, now: number): Usage {
  const usage = new Map<string, bigint>([[countName(resource), one]]);
  if (resource === pods) addPod(usage, object as Pod, now);
  else if (resource === services) addService(usage, object as Service);
  else if (resource === persistentVolumeClaims) addClaim(usage, object as PersistentVolumeClaim);
  else if (plainCounts.has(resource)) usage.set(plainCounts.get(resource)!, one);
  return usage;
}

const shortNames: readonly string[] = ['cpu', 'memory', 'ephemeral-storage'];

function addPod(usage: Map<string, bigint>, pod: Pod, now: number): void {
  if (!holdsResources(pod, now)) return;
  usage.set('pods', one);
  for (const [name, { value }] of podRequests(pod.spec)) {
    if (shortNames.includes(name) || name.startsWith('hugepages-')) usage.set(name, value);
    usage.set(`requests.${name}`, value);
  }
  for (const [name, { value }] of podLimits(pod.spec)) {
    if (shortNames.includes(name)) usage.set(`limits.${name}`, value);
  }
}

/** Pods that have ended, or that should have and whose board does not answer, give back what they had. */
export function holdsResources({ status, metadata }: Pod, now: number): boolean {
  if (status?.phase === 'Failed' || status?.phase === 'Succeeded') return false;
  if (!metadata?.deletionTimestamp || metadata.deletionGracePeriodSeconds === undefined) return true;
  return now <= Date.parse(metadata.deletionTimestamp) + metadata.deletionGracePeriodSeconds * 1000;
}

function addService(usage: Map<string, bigint>, { spec }: Service): void {
  usage.set('services', one);
  const ports = BigInt(spec?.ports?.length ?? 0) * one;
  if (spec?.type === 'NodePort') usage.set('services.nodeports', ports);
  if (spec?.type !== 'LoadBalancer') return;
  usage.set('services.loadbalancers', one);
  if ((spec as { allocateLoadBalancerNodePorts?: boolean }).allocateLoadBalancerNodePorts !== false) usage.set('services.nodeports', ports);
  else usage.set('services.nodeports', BigInt((spec.ports ?? []).filter(({ nodePort }) => nodePort).length) * one);
}

function addClaim(usage: Map<string, bigint>, { spec, metadata }: PersistentVolumeClaim): void {
  const className = metadata?.annotations?.['volume.beta.kubernetes.io/storage-class'] ?? spec?.storageClassName;
  const requested = spec?.resources?.requests?.['storage'];
  usage.set('persistentvolumeclaims', one);
  if (className) usage.set(`${className}${classInfix}persistentvolumeclaims`, one);
  if (requested === undefined) return;
  usage.set('requests.storage', parseQuantity(requested));
  if (className) usage.set(`${className}${classInfix}requests.storage`, parseQuantity(requested));
}

const constrained: readonly string[] = ['cpu', 'memory', 'requests.cpu', 'requests.memory', 'limits.cpu', 'limits.memory'];

/**
 * A quota for compute wants every container to say what it takes.
 * @returns `limits.cpu for: main; requests.memory for: main,helper`, or undefined.
 */
export function missingResources(pod: Pod, hard: readonly string[]): string | undefined {
  const missing = hard.filter((name) => constrained.includes(name)).sort().flatMap((name) => {
    const limits = name.startsWith('limits.');
    const resource = name.slice(name.indexOf('.') + 1);
    const podLevel = (pod.spec as { resources?: Record<'requests' | 'limits', Record<string, string> | undefined> } | undefined)?.resources;
    if (podLevel?.[limits ? 'limits' : 'requests']?.[resource] !== undefined) return [];
    const without = [...pod.spec?.containers ?? [], ...pod.spec?.initContainers ?? []]
      .filter(({ resources }) => (limits ? resources?.limits : resources?.requests)?.[resource] === undefined)
      .map((container) => container.name);
    return without.length > 0 ? [`${name} for: ${[...new Set(without)].sort().join(',')}`] : [];
  });
  return missing.length > 0 ? missing.join('; ') : undefined;
}
