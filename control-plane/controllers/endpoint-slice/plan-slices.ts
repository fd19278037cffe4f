/**
 * From wanted endpoints and existing slices to the writes between them, as few as possible: every write of a slice goes to
 * every board that follows the Service. Follows the reconciler of k8s.io/endpointslice.
 */
import type { Endpoint, EndpointSlice } from '../../../api/discovery.ts';
import type { ObjectMeta } from '../../../api/meta.ts';
import { semanticEqual } from '../semantic-equality.ts';
import { portSetKey } from './service-endpoints.ts';
import type { AddressType, EndpointGroup } from './service-endpoints.ts';

/** Endpoints in one slice; Kubernetes' default. */
export const maxEndpointsPerSlice = 100;

export interface SlicePlan {
  create: EndpointSlice[];
  update: EndpointSlice[];
  remove: EndpointSlice[];
}

export interface SlicePlanInput {
  groups: readonly EndpointGroup[];
  /** The slices that this controller manages for the Service. */
  existing: readonly EndpointSlice[];
  /** Labels, annotations and ownerReferences that every slice has; generateName for new ones. */
  metadata: Pick<ObjectMeta, 'namespace' | 'generateName' | 'labels' | 'annotations' | 'ownerReferences'>;
  /** Families for which one empty slice stands where there are no endpoints: it shows that somebody looks after the Service. */
  placeholders: readonly AddressType[];
  maxEndpoints?: number;
}

export function planSlices(input: SlicePlanInput): SlicePlan {
  const plan: SlicePlan = { create: [], update: [], remove: [] };
  const unused = new Set(input.existing);
  for (const group of withPlaceholders(input)) {
    const key = portSetKey(group.addressType, group.ports);
    const own = input.existing.filter((slice) => portSetKey(slice.addressType, slice.ports) === key);
    for (const slice of own) unused.delete(slice);
    planGroup(input, group, own, plan);
  }
  plan.remove.push(...unused);
  return plan;
}

function withPlaceholders({ groups, placeholders }: SlicePlanInput): EndpointGroup[] {
  const missing = placeholders.filter((addressType) => !groups.some((group) => group.addressType === addressType));
  return [...groups, ...missing.map((addressType) => ({ addressType, ports: [], endpoints: [] }))];
}

/** Endpoints stay in the slice they are in; new ones go where something changes anyway, then where there is room. */
function planGroup(input: SlicePlanInput, group: EndpointGroup, own: readonly EndpointSlice[], plan: SlicePlan): void {
  const limit = input.maxEndpoints ?? maxEndpointsPerSlice;
  const wanted = new Map(group.endpoints.map((endpoint) => [identity(endpoint), endpoint]));
  const filled = own.map((slice) => ({ slice, endpoints: keepWanted(slice, wanted, limit) }));
  const rest = [...wanted.values()];
  const byChange = [...filled].sort((left, right) => Number(isChanged(right)) - Number(isChanged(left)) || right.endpoints.length - left.endpoints.length);
  for (const entry of byChange) entry.endpoints.push(...rest.splice(0, limit - entry.endpoints.length));
  const placeholder = group.endpoints.length === 0;
  for (const [index, { slice, endpoints }] of filled.entries()) {
    if (endpoints.length === 0 && !(placeholder && index === 0)) plan.remove.push(slice);
    else if (isChanged({ slice, endpoints }) || !hasMetadata(slice, input.metadata)) plan.update.push(updated(slice, endpoints, input.metadata));
  }
  while (rest.length > 0 || (placeholder && own.length === 0 && rest.length === 0)) {
    plan.create.push(created(group, rest.splice(0, limit), input.metadata));
    if (placeholder) break;
  }
}

/** Takes out of `wanted` what the slice already has. */
function keepWanted(slice: EndpointSlice, wanted: Map<string, Endpoint>, limit: number): Endpoint[] {
  const kept: Endpoint[] = [];
  for (const endpoint of slice.endpoints) {
    const key = identity(endpoint);
    const current = wanted.get(key);
    if (!current || kept.length >= limit) continue;
    kept.push(current);
    wanted.delete(key);
  }
  return kept;
}

function isChanged({ slice, endpoints }: { slice: EndpointSlice; endpoints: readonly Endpoint[] }): boolean {
  return !semanticEqual(slice.endpoints, endpoints);
}

/** The same pod with another address is another endpoint. */
function identity(endpoint: Endpoint): string {
  return `${endpoint.targetRef?.uid ?? ''}|${endpoint.addresses.join(',')}`;
}

function hasMetadata(slice: EndpointSlice, { labels, annotations, ownerReferences }: SlicePlanInput['metadata']): boolean {
  return semanticEqual(slice.metadata?.labels, labels) && semanticEqual(slice.metadata?.annotations, annotations)
    && semanticEqual(slice.metadata?.ownerReferences, ownerReferences);
}

function updated(slice: EndpointSlice, endpoints: Endpoint[], { labels, annotations, ownerReferences }: SlicePlanInput['metadata']): EndpointSlice {
  return structuredClone({
    ...slice,
    metadata: { ...slice.metadata, labels: labels ?? {}, annotations: annotations ?? {}, ownerReferences: ownerReferences ?? [] },
    endpoints,
  });
}

function created(group: EndpointGroup, endpoints: Endpoint[], metadata: SlicePlanInput['metadata']): EndpointSlice {
  return structuredClone({
    apiVersion: 'discovery.k8s.io/v1' as const, kind: 'EndpointSlice' as const, metadata,
    addressType: group.addressType, ports: group.ports, endpoints,
  });
}
