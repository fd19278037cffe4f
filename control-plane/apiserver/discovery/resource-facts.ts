/** What discovery says of a row: its verbs and its subresources. */
import { createHash } from 'node:crypto';
import { componentStatuses, type Resource, type Subresource } from '../../../api/resources.ts';

export interface SubresourceFacts {
  verbs: readonly string[];
  /** Of the object the subresource takes and gives; default: the resource's own. */
  group?: string;
  version?: string;
  kind?: string;
}

const allVerbs: readonly string[] = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];
const withoutDeleteCollection = allVerbs.filter((verb) => verb !== 'deletecollection');
const readWrite: readonly string[] = ['get', 'patch', 'update'];

export function verbsOf(resource: Resource): readonly string[] {
  if (resource === componentStatuses) return ['get', 'list'];
  if (resource.virtual) return ['create'];
  return resource.deleteCollection ? allVerbs : withoutDeleteCollection;
}

export function factsOf(resource: Resource, subresource: Subresource): SubresourceFacts {
  switch (subresource) {
    case 'status':
    case 'ephemeralcontainers':
    case 'resize':
    case 'approval': return { verbs: readWrite };
    case 'scale': return { verbs: readWrite, group: 'autoscaling', version: 'v1', kind: 'Scale' };
    case 'finalize': return { verbs: ['update'] };
    case 'binding': return { verbs: ['create'], kind: 'Binding' };
    case 'eviction': return { verbs: ['create'], group: 'policy', version: 'v1', kind: 'Eviction' };
    case 'log': return { verbs: ['get'] };
    case 'exec': return { verbs: ['create', 'get'], kind: 'PodExecOptions' };
    case 'attach': return { verbs: ['create', 'get'], kind: 'PodAttachOptions' };
    case 'portforward': return { verbs: ['create', 'get'], kind: 'PodPortForwardOptions' };
    case 'proxy': return { verbs: ['create', 'delete', 'get', 'patch', 'update'], kind: `${resource.kind}ProxyOptions` };
    case 'token': return { verbs: ['create'], group: 'authentication.k8s.io', version: 'v1', kind: 'TokenRequest' };
  }
}

/** Sorted, as every list of discovery is. */
export function subresourcesOf(resource: Resource): Subresource[] {
  return [...resource.subresources].sort();
}

/** k8s.io/apiserver/pkg/endpoints/discovery.StorageVersionHash: the same for all clusters that store the kind in this version. */
export function storageVersionHash(resource: Resource): string {
  const { group, version, kind } = resource.storedAs ?? resource;
  return createHash('sha256').update(`${group}/${version}/${kind}`).digest().subarray(0, 8).toString('base64');
}
