import { describe, expect, it } from 'vitest';
import type { Pod } from '../../api/core.ts';
import { createNodeAuthorizer } from './node-authorizer.ts';
import type { ResourceAttributes } from './authorizer.ts';

const mine: Pod = {
  apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', namespace: 'a' },
  spec: {
    nodeName: 'pi', serviceAccountName: 'robot', containers: [{ name: 'c', image: 'i', env: [{ name: 'E', valueFrom: { secretKeyRef: { name: 'env', key: 'k' } } }] }],
    volumes: [{ name: 's', secret: { secretName: 'mounted' } }, { name: 'm', configMap: { name: 'map' } }, { name: 'v', persistentVolumeClaim: { claimName: 'claim' } }],
  },
};
const other: Pod = { ...mine, metadata: { name: 'q', namespace: 'a' }, spec: { ...mine.spec!, nodeName: 'other', volumes: [{ name: 's', secret: { secretName: 'foreign' } }], serviceAccountName: 'stranger' } };
const volume = (name: string) => ({ spec: { claimRef: { namespace: 'a', name } } });
const objects: Record<string, object> = { p: mine, q: other, used: volume('claim'), unused: volume('else') };
const authorizer = createNodeAuthorizer({
  list: (() => ({ items: [mine, other].map((object) => ({ object })) })) as never,
  get: ((key: string) => ({ object: objects[key.split('/').at(-1) ?? ''] })) as never,
});
const user = { name: 'system:node:pi', groups: ['system:nodes', 'system:authenticated'] };
function decide(verb: string, resource: string, name?: string, more: Partial<ResourceAttributes> = {}): boolean {
  return authorizer.authorize({ user, isResource: true, verb, group: '', version: 'v1', resource, subresource: '', namespace: 'a', name, ...more }).decision === 'allow';
}

describe('a node', () => {
  it.each([
    ['get', 'secrets', 'mounted', true], ['watch', 'secrets', 'mounted', true], ['get', 'secrets', 'env', true], ['get', 'secrets', 'foreign', false], ['list', 'secrets', undefined, false],
    ['update', 'secrets', 'mounted', false], ['delete', 'configmaps', 'map', false], ['get', 'configmaps', 'map', true], ['get', 'configmaps', 'else', false],
    ['get', 'persistentvolumeclaims', 'claim', true], ['get', 'persistentvolumeclaims', 'else', false], ['get', 'pods', 'p', true], ['get', 'pods', 'q', false], ['list', 'deployments', undefined, false],
  ])('may %s %s %s: %s', (verb, resource, name, allowed) => {
    expect(decide(verb, resource, name)).toBe(allowed);
  });

  it('lists its own pods and itself, nobody else', () => {
    const of = (value: string, equal = true) => ({ fieldSelector: [{ field: 'spec.nodeName', equal, value }], namespace: undefined });
    expect([decide('list', 'pods', undefined, of('pi')), decide('watch', 'pods', undefined, of('pi')), decide('list', 'pods', 'p')]).toEqual([true, true, true]);
    expect([decide('list', 'pods'), decide('watch', 'pods', undefined, of('other')), decide('list', 'pods', undefined, of('pi', false)), decide('list', 'pods', 'q')]).toEqual([false, false, false, false]);
    expect(['list', 'watch', 'get', 'update'].map((verb) => [decide(verb, 'nodes', 'pi'), decide(verb, 'nodes', 'other'), decide(verb, 'nodes')])).toEqual([
      [true, false, false], [true, false, false], [true, false, false], [true, false, false],
    ]);
    const why = (resource: string) => authorizer.authorize({ user, isResource: true, verb: 'list', group: '', version: 'v1', resource, subresource: '' }).reason;
    expect([why('pods'), why('nodes')]).toEqual(['can only list/watch pods with spec.nodeName field selector', "node 'pi' cannot read all nodes, only its own Node object"]);
  });

  it('reports on the claims, and reads the volumes, that its pods use', () => {
    const status = { subresource: 'status' };
    expect([decide('patch', 'persistentvolumeclaims', 'claim', status), decide('patch', 'persistentvolumeclaims', 'else', status), decide('delete', 'persistentvolumeclaims', 'claim', status)]).toEqual([true, false, false]);
    expect([decide('get', 'persistentvolumes', 'used', { namespace: undefined }), decide('get', 'persistentvolumes', 'unused', { namespace: undefined })]).toEqual([true, false]);
    const csi = { group: 'storage.k8s.io', namespace: undefined };
    expect([decide('update', 'csinodes', 'pi', csi), decide('update', 'csinodes', 'other', csi)]).toEqual([true, false]);
  });

  it('reads what its pods name only in their namespace', () => {
    expect(decide('get', 'secrets', 'mounted', { namespace: 'b' })).toBe(false);
    expect(decide('get', 'secrets', 'mounted', { namespace: undefined })).toBe(false);
  });

  it('takes tokens only of the accounts of its pods', () => {
    expect([decide('create', 'serviceaccounts', 'robot', { subresource: 'token' }), decide('create', 'serviceaccounts', 'stranger', { subresource: 'token' })]).toEqual([true, false]);
  });

  it('has its own Node and Lease', () => {
    const lease = { group: 'coordination.k8s.io', namespace: 'kube-node-lease' };
    expect([decide('update', 'nodes', 'pi', { namespace: undefined }), decide('update', 'nodes', 'other', { namespace: undefined })]).toEqual([true, false]);
    expect([decide('update', 'leases', 'pi', lease), decide('update', 'leases', 'other', lease), decide('update', 'leases', 'pi', { ...lease, namespace: 'a' })]).toEqual([true, false, false]);
  });

  it('is one by its name and its group', () => {
    expect(decide('get', 'secrets', 'mounted', { user: { name: 'pi', groups: ['system:nodes'] } })).toBe(false);
    expect(decide('get', 'secrets', 'mounted', { user: { name: 'system:node:pi', groups: [] } })).toBe(false);
  });
});
