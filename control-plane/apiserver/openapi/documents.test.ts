import { describe, expect, it } from 'vitest';
import type { JSONSchemaProps } from 'kubernetes-types/apiextensions/v1';
import { defineResource } from '../../../api/resource.ts';
import { builtInResources, configMaps, pods, type Resource } from '../../../api/resources.ts';
import { groupVersionDocument, swaggerDocument } from './documents.ts';
import { encodeGnostic } from './gnostic.ts';
import { encodeGnosticV3 } from './gnostic-v3.ts';

const pod = 'io.k8s.api.core.v1.PodSpec';
const descriptions = { 'k8s.io.api.core.v1.PodSpec': { '': 'What a pod is.', containers: 'Its containers.', securityContext: 'Its rights.' } };

function cronTabs(openAPISchema: object | undefined): Resource {
  return defineResource({
    group: 'stable.example.com', kind: 'CronTab', plural: 'crontabs', namespaced: true, subresources: ['status', 'scale'],
    custom: { listKind: 'CronTabList', openAPISchema: openAPISchema as JSONSchemaProps | undefined, columns: [], cells: () => [], decode: () => ({ object: {}, warnings: [] }) },
  });
}

const crontab = 'com.example.stable.v1.CronTab';
const schema = {
  type: 'object', description: 'A tab.',
  properties: {
    spec: {
      type: 'object', required: ['cron'],
      properties: { cron: { type: 'string', default: '* * * * *', pattern: '^.+$' }, any: { 'x-kubernetes-preserve-unknown-fields': true, type: 'object', properties: { a: { type: 'string' } } }, port: { 'x-kubernetes-int-or-string': true, anyOf: [{ type: 'integer' }, { type: 'string' }] } },
    },
  },
};

describe('version 3', () => {
  it('has descriptions beside references, defaults, and what patches need', () => {
    const { components: { schemas } } = groupVersionDocument([pods], 'v1', descriptions);
    expect(schemas[pod]).toMatchObject({ description: 'What a pod is.', required: ['containers'] });
    expect(schemas[pod]?.properties?.['containers']).toMatchObject({
      description: 'Its containers.', type: 'array', items: { allOf: [{ $ref: '#/components/schemas/io.k8s.api.core.v1.Container' }], default: {} }, 'x-kubernetes-patch-merge-key': 'name',
    });
    expect(schemas[pod]?.properties?.['securityContext']).toEqual({ description: 'Its rights.', allOf: [{ $ref: '#/components/schemas/io.k8s.api.core.v1.PodSecurityContext' }] });
    expect(schemas['io.k8s.api.core.v1.Container']?.properties?.['name']).toMatchObject({ type: 'string', default: '' });
  });

  it('has the schema of a custom kind, with what every object has', () => {
    const { components: { schemas }, paths } = groupVersionDocument([cronTabs(schema)], 'v1', {});
    expect(schemas[crontab]).toMatchObject({
      description: 'A tab.', 'x-kubernetes-group-version-kind': [{ group: 'stable.example.com', version: 'v1', kind: 'CronTab' }],
      properties: { apiVersion: { type: 'string' }, metadata: { allOf: [{ $ref: '#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta' }] }, spec: { properties: { cron: { default: '* * * * *', pattern: '^.+$' }, port: { anyOf: [{}, {}] } } } },
    });
    expect(schemas[`${crontab}List`]?.['x-kubernetes-group-version-kind']).toEqual([{ group: 'stable.example.com', version: 'v1', kind: 'CronTabList' }]);
    const { patch } = paths['/apis/stable.example.com/v1/namespaces/{namespace}/crontabs/{name}']!;
    expect(Object.keys(patch!.requestBody!.content)).not.toContain('application/strategic-merge-patch+json');
    expect(paths).toHaveProperty('/apis/stable.example.com/v1/namespaces/{namespace}/crontabs/{name}/scale');
  });
});

describe('version 2', () => {
  it('leaves out of a custom kind what would make clients refuse good objects', () => {
    const { definitions } = swaggerDocument([cronTabs(schema)], 'v1', {});
    expect(definitions[crontab]?.properties?.['spec']?.properties).toEqual({
      any: { 'x-kubernetes-preserve-unknown-fields': true }, cron: { type: 'string', default: '* * * * *', pattern: '^.+$' }, port: { 'x-kubernetes-int-or-string': true },
    });
    const gvk = [{ group: 'stable.example.com', version: 'v1', kind: 'CronTab' }];
    for (const open of [undefined, { type: 'object', description: 'Anything.', 'x-kubernetes-preserve-unknown-fields': true, properties: { spec: { type: 'object' } } }]) {
      expect(swaggerDocument([cronTabs(open)], 'v1', {}).definitions[crontab]).toEqual({ type: 'object', 'x-kubernetes-group-version-kind': gvk });
    }
    // Without a property of its own it has still those of every object, and no other.
    expect(Object.keys(swaggerDocument([cronTabs({ type: 'object' })], 'v1', {}).definitions[crontab]?.properties ?? {})).toEqual(['apiVersion', 'kind', 'metadata']);
  });

  it.each<[string, object, object]>([
    ['null, which kubectl takes for missing', { type: 'object', required: ['a', 'b'], properties: { a: { type: 'string' }, b: { type: 'array', nullable: true, items: { type: 'string' } } } },
      { type: 'object', required: ['a'], properties: { a: { type: 'string' }, b: {} } }],
    ['any element of a list', { type: 'array', 'x-kubernetes-preserve-unknown-fields': true, items: { type: 'string' } }, { 'x-kubernetes-preserve-unknown-fields': true }],
    ['null for a value of a map', { type: 'object', required: ['a'], additionalProperties: { type: 'string', nullable: true } }, { type: 'object', additionalProperties: {} }],
    ['any object inside', { type: 'object', 'x-kubernetes-embedded-resource': true, 'x-kubernetes-preserve-unknown-fields': true }, { 'x-kubernetes-embedded-resource': true, 'x-kubernetes-preserve-unknown-fields': true }],
  ])('allows %s', (_, spec, expected) => {
    expect(swaggerDocument([cronTabs({ type: 'object', properties: { spec } })], 'v1', {}).definitions[crontab]?.properties?.['spec']).toEqual(expected);
  });

  it('says what every object inside a custom one has', () => {
    const inner = { type: 'object', 'x-kubernetes-embedded-resource': true, required: ['spec', 'kind'], properties: { spec: { type: 'string' } } };
    expect(swaggerDocument([cronTabs({ type: 'object', properties: { inner } })], 'v1', {}).definitions[crontab]?.properties?.['inner']).toMatchObject({
      required: ['spec', 'kind', 'apiVersion'], properties: { apiVersion: { type: 'string' }, kind: { type: 'string' }, metadata: {}, spec: { type: 'string' } },
    });
  });

  it('says whose parts have one owner, which field chooses, and of which kinds options are', () => {
    const { definitions } = swaggerDocument(builtInResources, 'v1', {});
    const core = (name: string) => definitions[`io.k8s.api.core.v1.${name}`];
    expect(core('LocalObjectReference')).toMatchObject({ 'x-kubernetes-map-type': 'atomic' });
    expect(core('PodSpec')).not.toHaveProperty('x-kubernetes-map-type');
    expect(core('PersistentVolumeSpec')?.properties?.['claimRef']).toMatchObject({ 'x-kubernetes-map-type': 'granular' });
    expect(core('SeccompProfile')?.['x-kubernetes-unions']).toEqual([{ discriminator: 'type', 'fields-to-discriminateBy': { localhostProfile: 'LocalhostProfile' } }]);
    expect(definitions['io.k8s.api.authentication.v1.UserInfo']?.properties?.['extra']?.additionalProperties).toEqual({ type: 'array', items: { type: 'string' } });
    expect(definitions['io.k8s.api.apps.v1.ControllerRevision']?.required).toEqual(['revision']);
    expect(definitions['io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions']?.['x-kubernetes-group-version-kind']).toContainEqual({ group: 'apps', version: 'v1', kind: 'DeleteOptions' });
    const references = new Set([...JSON.stringify(definitions).matchAll(/"#\/definitions\/([^"]+)"/g)].map(([, name]) => name!));
    expect([...references].filter((name) => !(name in definitions))).toEqual([]);
  });

  it('names and answers operations as generated clients know them', () => {
    const { paths } = swaggerDocument([...builtInResources, cronTabs(schema)], 'v1', {});
    const of = (path: string, method: 'get' | 'post' | 'put' | 'delete' | 'patch') => paths[path]![method]!;
    expect(of('/api/v1/namespaces/{namespace}/pods', 'delete').operationId).toBe('deleteCoreV1CollectionNamespacedPod');
    expect(of('/api/v1/namespaces/{namespace}/pods/{name}/exec', 'post')).toMatchObject({ operationId: 'connectCoreV1PostNamespacedPodExec', produces: ['*/*'] });
    expect(of('/apis/rbac.authorization.k8s.io/v1/clusterroles', 'get')).toMatchObject({ operationId: 'listRbacAuthorizationV1ClusterRole', tags: ['rbacAuthorization_v1'] });
    expect(of('/apis/stable.example.com/v1/namespaces/{namespace}/crontabs', 'get')).toMatchObject({ operationId: 'listStableExampleComV1NamespacedCronTab', tags: ['stableExampleCom_v1'] });
    const codes = (method: Parameters<typeof of>[1], path = '/api/v1/namespaces/{namespace}/pods/{name}') => Object.keys(of(path, method).responses);
    expect([codes('get'), codes('put'), codes('patch'), codes('delete'), codes('post', '/api/v1/namespaces/{namespace}/pods')])
      .toEqual([['200', '401'], ['200', '201', '401'], ['200', '201', '401'], ['200', '202', '401'], ['200', '201', '202', '401']]);
    expect(of('/api/v1/namespaces/{namespace}/pods/{name}', 'delete').responses['200']?.schema).toEqual({ $ref: '#/definitions/io.k8s.api.core.v1.Pod' });
    expect(of('/api/v1/namespaces/{namespace}/configmaps/{name}', 'delete').responses['200']?.schema).toEqual({ $ref: '#/definitions/io.k8s.apimachinery.pkg.apis.meta.v1.Status' });
  });

  it('has no operation twice, and none that is not there', () => {
    const { paths } = swaggerDocument(builtInResources, 'v1', {});
    const ids = Object.values(paths).flatMap(({ parameters: _parameters, ...methods }) => Object.values(methods).map(({ operationId }) => operationId));
    expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
    expect(Object.keys(paths['/apis/authorization.k8s.io/v1/subjectaccessreviews']!)).toEqual(['parameters', 'post']);
    expect(paths['/api/v1/namespaces']).not.toHaveProperty('delete');
    expect(paths['/api/v1/componentstatuses/{name}']).toHaveProperty('get');
  });
});

it('protobuf has every text of the document', () => {
  const resources = [configMaps, cronTabs(schema)];
  const texts = [crontab, 'A tab.', '^.+$', 'x-kubernetes-preserve-unknown-fields', '/api/v1/namespaces/{namespace}/configmaps', 'partially update the specified ConfigMap'];
  const encoded = [encodeGnostic(swaggerDocument(resources, 'v1', {})), encodeGnosticV3(groupVersionDocument(resources, 'v1', {}))];
  for (const bytes of encoded) expect(texts.filter((text) => !bytes.includes(text))).toEqual([]);
});

describe('enum', () => {
  const description = 'When.\n\nPossible enum values:\n - `"Always"`\n - `"Never"`\n - `"OnFailure"`';
  const words = { 'k8s.io.api.core.v1.PodSpec': { restartPolicy: 'When.' } };

  it.each([['2', swaggerDocument([pods], 'v1', words).definitions], ['3', groupVersionDocument([pods], 'v1', words).components.schemas]])('names the values of a field, in its description too, in version %s', (_, schemas) => {
    expect(schemas[pod]?.properties?.['restartPolicy']).toEqual({ type: 'string', description, enum: ['Always', 'Never', 'OnFailure'] });
    expect(schemas['io.k8s.api.core.v1.EphemeralContainer']?.properties?.['imagePullPolicy']?.enum).toEqual(['Always', 'IfNotPresent', 'Never']);
  });

  it('is on the elements of lists and maps', () => {
    const { definitions } = swaggerDocument(builtInResources, 'v1', {});
    expect(definitions['io.k8s.api.networking.v1.NetworkPolicySpec']?.properties?.['policyTypes']).toMatchObject({ items: { type: 'string', enum: ['Egress', 'Ingress'] } });
    expect(definitions['io.k8s.api.core.v1.PersistentVolumeClaimStatus']?.properties?.['allocatedResourceStatuses']?.additionalProperties?.enum).toHaveLength(5);
    expect(definitions['io.k8s.api.storage.v1.StorageClass']?.properties?.['reclaimPolicy']?.enum).toEqual(['Delete', 'Recycle', 'Retain']);
  });

  it('is not published where Kubernetes does not, though constants exist', () => {
    const { definitions } = swaggerDocument(builtInResources, 'v1', {});
    expect(definitions['io.k8s.api.core.v1.PodCondition']?.properties?.['type']?.enum).toBeUndefined();
    expect(definitions['io.k8s.api.core.v1.LimitRangeItem']?.properties?.['type']?.enum).toBeUndefined();
  });

  it('is known for every field of the table', () => {
    const empty = Object.entries(swaggerDocument(builtInResources, 'v1', {}).definitions)
      .flatMap(([name, { properties }]) => Object.entries(properties ?? {}).filter(([, property]) => property.enum?.length === 0).map(([field]) => `${name}.${field}`));
    expect(empty).toEqual([]);
    const json = JSON.stringify(swaggerDocument(builtInResources, 'v1', {}).definitions);
    expect(json.match(/"enum":/g)!.length).toBeGreaterThan(85);
  });
});
