/** What a request asks for, read from its method and path alone. Follows k8s.io/apiserver/pkg/endpoints/request.RequestInfo. */

export type ResourceVerb = 'create' | 'get' | 'list' | 'watch' | 'update' | 'patch' | 'delete' | 'deletecollection';

export interface ResourceRequest {
  isResource: true;
  /** Empty where the HTTP method has no meaning for resources. */
  verb: ResourceVerb | '';
  path: string;
  /** '' for the core group. */
  group: string;
  version: string;
  /** Set for everything under namespaces/NAME, the Namespace object itself included. */
  namespace: string | undefined;
  /** Plural, as in the path. */
  resource: string;
  /** '' for the object itself; may have slashes. */
  subresource: string;
  /** undefined: the whole collection. */
  name: string | undefined;
}

export interface NonResourceRequest {
  isResource: false;
  /** Lower-cased HTTP method. */
  verb: string;
  path: string;
}

export type RequestInfo = ResourceRequest | NonResourceRequest;

const namespaceSubresources: readonly string[] = ['status', 'finalize'];

/**
 * @param path without query, still percent-encoded.
 * @param watch whether the query has watch=true.
 * @throws URIError when a segment is not valid percent-encoding.
 */
export function parseRequestInfo(method: string, path: string, watch: boolean): RequestInfo {
  const nonResource: NonResourceRequest = { isResource: false, verb: method.toLowerCase(), path };
  const parts = path.split('/').filter((part) => part !== '').map(decodeURIComponent);
  const prefix = parts.shift();
  let group = '';
  if (prefix === 'apis') {
    if (parts.length < 3) return nonResource;
    group = parts.shift()!;
  } else if (prefix !== 'api' || parts.length < 2) {
    return nonResource;
  }
  const version = parts.shift()!;
  const legacyWatch = parts[0] === 'watch' && parts.length > 1;
  if (legacyWatch) parts.shift();
  const place = locate(parts);
  return {
    isResource: true,
    verb: legacyWatch ? 'watch' : verbOf(method, place.name !== undefined, watch),
    path, group, version, ...place,
  };
}

function locate(parts: readonly string[]): Pick<ResourceRequest, 'namespace' | 'resource' | 'subresource' | 'name'> {
  let namespace: string | undefined;
  let rest = parts;
  if (parts[0] === 'namespaces' && parts.length > 1) {
    namespace = parts[1];
    if (parts.length > 2 && !namespaceSubresources.includes(parts[2]!)) rest = parts.slice(2);
  }
  const [resource = '', name, ...subresource] = rest;
  // What follows `proxy` is the path on the target, not the API's.
  return { namespace, resource, name, subresource: subresource[0] === 'proxy' ? 'proxy' : subresource.join('/') };
}

function verbOf(method: string, named: boolean, watch: boolean): ResourceVerb | '' {
  switch (method) {
    case 'POST': return 'create';
    case 'GET':
    case 'HEAD': return named ? 'get' : watch ? 'watch' : 'list';
    case 'PUT': return 'update';
    case 'PATCH': return 'patch';
    case 'DELETE': return named ? 'delete' : 'deletecollection';
    default: return '';
  }
}
