/** What can be done with the kinds of the resource table, as OpenAPI lists it; the same for OpenAPI 2 and 3. */
import { apiVersionOf, type Resource, type Subresource } from '../../../api/resources.ts';
import { verbsOf } from '../discovery/resource-facts.ts';
import { bindingMessage, deleteOptionsMessage, evictionMessage, patchMessage, scaleMessage, statusMessage } from './definitions.ts';
import { messageNameOf, type GroupVersionKind } from './schema-object.ts';

export type Method = 'get' | 'put' | 'post' | 'delete' | 'patch';

export interface Operation {
  /** `/apis/apps/v1/namespaces/{namespace}/deployments/{name}` */
  path: string;
  method: Method;
  /** x-kubernetes-action */
  action: 'list' | 'get' | 'post' | 'put' | 'patch' | 'delete' | 'deletecollection' | 'connect';
  operationId: string;
  description: string;
  /** `apps_v1`: what client generators group by. */
  tag: string;
  custom: boolean;
  kind: GroupVersionKind;
  /** Message of the body. */
  body?: string;
  /** Message of the answer; absent for text. */
  answer?: string;
  /** Codes with the answer, beside 401. */
  codes: readonly SuccessCode[];
  queries: readonly QueryParameter[];
}

export type SuccessCode = 200 | 201 | 202;

export interface QueryParameter {
  name: string;
  type: 'string' | 'integer' | 'boolean';
}

const text = (...names: string[]): QueryParameter[] => names.map((name) => ({ name, type: 'string' }));
const pretty = text('pretty');
const listQueries: QueryParameter[] = [
  { name: 'allowWatchBookmarks', type: 'boolean' }, ...text('continue', 'fieldSelector', 'labelSelector'), { name: 'limit', type: 'integer' },
  ...text('resourceVersion', 'resourceVersionMatch'), { name: 'sendInitialEvents', type: 'boolean' }, { name: 'timeoutSeconds', type: 'integer' }, { name: 'watch', type: 'boolean' },
];
const writeQueries = text('dryRun', 'fieldManager', 'fieldValidation');
const patchQueries: QueryParameter[] = [...writeQueries, { name: 'force', type: 'boolean' }];
const deleteQueries: QueryParameter[] = [
  ...text('dryRun'), { name: 'gracePeriodSeconds', type: 'integer' }, { name: 'orphanDependents', type: 'boolean' }, ...text('propagationPolicy'),
];
const logQueries: QueryParameter[] = [
  ...text('container'), { name: 'follow', type: 'boolean' }, { name: 'insecureSkipTLSVerifyBackend', type: 'boolean' }, { name: 'limitBytes', type: 'integer' },
  { name: 'previous', type: 'boolean' }, { name: 'sinceSeconds', type: 'integer' }, ...text('stream'), { name: 'tailLines', type: 'integer' }, { name: 'timestamps', type: 'boolean' },
];
const attachQueries: QueryParameter[] = [
  ...text('container'), ...['stderr', 'stdin', 'stdout', 'tty'].map((name): QueryParameter => ({ name, type: 'boolean' })),
];
const connectQueries = { exec: [...text('command'), ...attachQueries], attach: attachQueries, portforward: [{ name: 'ports', type: 'integer' }] } as const;

/** Kinds whose deletion is answered with the object, not with a Status. */
const answeredDeletions = new Set([
  'Pod', 'PodTemplate', 'PersistentVolume', 'PersistentVolumeClaim', 'ResourceQuota', 'Service', 'ServiceAccount',
  'CSIDriver', 'CSINode', 'StorageClass', 'VolumeAttachment', 'VolumeAttributesClass',
]);

const codesOfActions: Readonly<Record<Operation['action'], readonly SuccessCode[]>> = {
  list: [200], get: [200], post: [200, 201, 202], put: [200, 201], patch: [200, 201], delete: [200, 202], deletecollection: [200], connect: [200],
};

type PlainOperation = Omit<Operation, 'description' | 'tag' | 'custom' | 'codes'>;

export function operationsOf(resource: Resource): Operation[] {
  const { group, version, kind, plural, namespaced } = resource;
  const schema = messageNameOf(resource);
  const root = `${group ? '/apis' : '/api'}/${apiVersionOf(resource)}`;
  const collection = namespaced ? `${root}/namespaces/{namespace}/${plural}` : `${root}/${plural}`;
  const one = `${collection}/{name}`;
  const place = `${groupTitle(group)}${title(version)}`;
  const id = (verb: string, suffix = '') => `${verb}${place}${namespaced ? 'Namespaced' : ''}${kind}${suffix}`;
  const list = `${schema}List`;
  const base = { kind: { group, version, kind } };
  const operations: PlainOperation[] = [
    { ...base, path: collection, method: 'get', action: 'list', operationId: id('list'), answer: list, queries: listQueries },
    { ...base, path: collection, method: 'post', action: 'post', operationId: id('create'), body: schema, answer: schema, queries: writeQueries },
    { ...base, path: collection, method: 'delete', action: 'deletecollection', operationId: id('delete').replace(place, `${place}Collection`), body: deleteOptionsMessage, answer: statusMessage, queries: [...listQueries.filter(({ name }) => name !== 'watch' && name !== 'allowWatchBookmarks'), ...deleteQueries] },
    { ...base, path: one, method: 'get', action: 'get', operationId: id('read'), answer: schema, queries: [] },
    { ...base, path: one, method: 'put', action: 'put', operationId: id('replace'), body: schema, answer: schema, queries: writeQueries },
    { ...base, path: one, method: 'patch', action: 'patch', operationId: id('patch'), body: patchMessage, answer: schema, queries: patchQueries },
    { ...base, path: one, method: 'delete', action: 'delete', operationId: id('delete'), body: deleteOptionsMessage, answer: resource.custom || !answeredDeletions.has(kind) ? statusMessage : schema, queries: deleteQueries },
    ...resource.subresources.flatMap((subresource) => subresourceOperations({ resource, subresource, path: `${one}/${subresource}`, id })),
  ];
  if (namespaced) {
    operations.push({ ...base, path: `${root}/${plural}`, method: 'get', action: 'list', operationId: `list${place}${kind}ForAllNamespaces`, answer: list, queries: listQueries });
  }
  const offered = new Set(verbsOf(resource));
  const isOffered = (operation: PlainOperation) => operation.path.startsWith(`${one}/`) || offered.has(verbsOfActions[operation.action]);
  const facts = { tag: `${titleless(group)}_${version}`, custom: resource.custom !== undefined };
  return operations.filter(isOffered).map((operation) => ({
    ...operation, ...facts, codes: codesOfActions[operation.action], description: describe(operation, resource),
    queries: operation.action === 'connect' ? operation.queries : [...pretty, ...operation.queries],
  }));
}

const descriptions: Readonly<Record<Operation['action'], string>> = {
  list: 'list or watch objects of kind', get: 'read the specified', post: 'create a', put: 'replace the specified', patch: 'partially update the specified',
  delete: 'delete a', deletecollection: 'delete collection of', connect: 'connect requests to',
};

function describe({ action, path }: PlainOperation, { kind, plural }: Resource): string {
  const subresource = path.split(`/${plural}/{name}/`)[1];
  return subresource && action !== 'connect' ? `${descriptions[action]} ${kind}'s ${subresource}`.replace('create a ', 'create ') : `${descriptions[action]} ${kind}`;
}

/** `apps`, `rbacAuthorization`, `stableExampleCom`: what is valid in a name of a program. */
function titleless(group: string): string {
  return group.replace(/\.k8s\.io$/, '').replace(/[^A-Za-z0-9]+(.)?/g, (_, next: string | undefined) => (next ?? '').toUpperCase()) || 'core';
}

const verbsOfActions: Readonly<Record<Operation['action'], string>> = {
  list: 'list', get: 'get', post: 'create', put: 'update', patch: 'patch', delete: 'delete', deletecollection: 'deletecollection', connect: 'get',
};

interface SubresourcePlace {
  resource: Resource;
  subresource: Subresource;
  path: string;
  id: (verb: string, suffix: string) => string;
}

function subresourceOperations({ resource, subresource, path, id }: SubresourcePlace): PlainOperation[] {
  const { group, version, kind } = resource;
  const schema = messageNameOf(resource);
  const own = { path, kind: { group, version, kind } };
  const suffix = title(subresource);
  const readWrite = (message: string, gvk: GroupVersionKind): PlainOperation[] => [
    { ...own, kind: gvk, method: 'get', action: 'get', operationId: id('read', suffix), answer: message, queries: [] },
    { ...own, kind: gvk, method: 'put', action: 'put', operationId: id('replace', suffix), body: message, answer: message, queries: writeQueries },
    { ...own, kind: gvk, method: 'patch', action: 'patch', operationId: id('patch', suffix), body: patchMessage, answer: message, queries: patchQueries },
  ];
  switch (subresource) {
    case 'status':
    case 'approval':
    case 'resize':
    case 'ephemeralcontainers': return readWrite(schema, own.kind);
    case 'proxy': return [];
    case 'token': return [{ ...own, kind: { group: 'authentication.k8s.io', version: 'v1', kind: 'TokenRequest' }, method: 'post', action: 'post', operationId: id('create', suffix), body: 'k8s.io.api.authentication.v1.TokenRequest', answer: 'k8s.io.api.authentication.v1.TokenRequest', queries: writeQueries }];
    case 'scale': return readWrite(scaleMessage, { group: 'autoscaling', version: 'v1', kind: 'Scale' });
    case 'finalize': return [{ ...own, method: 'put', action: 'put', operationId: id('replace', suffix), body: schema, answer: schema, queries: writeQueries }];
    case 'binding': return [{ ...own, kind: { group: '', version: 'v1', kind: 'Binding' }, method: 'post', action: 'post', operationId: id('create', suffix), body: bindingMessage, answer: bindingMessage, queries: writeQueries }];
    case 'eviction': return [{ ...own, kind: { group: 'policy', version: 'v1', kind: 'Eviction' }, method: 'post', action: 'post', operationId: id('create', suffix), body: evictionMessage, answer: evictionMessage, queries: writeQueries }];
    case 'log': return [{ ...own, method: 'get', action: 'get', operationId: id('read', suffix), queries: logQueries }];
    case 'exec':
    case 'attach':
    case 'portforward': {
      const connect = { ...own, kind: { group: '', version: 'v1', kind: `Pod${suffix === 'Portforward' ? 'PortForward' : suffix}Options` }, action: 'connect' as const, queries: connectQueries[subresource] };
      return [
        { ...connect, method: 'get', operationId: id('connect', suffix).replace('V1', 'V1Get') },
        { ...connect, method: 'post', operationId: id('connect', suffix).replace('V1', 'V1Post') },
      ];
    }
  }
}

/** `Apps`, `Discovery`, `Core`. */
function groupTitle(group: string): string {
  return title(titleless(group));
}

function title(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
