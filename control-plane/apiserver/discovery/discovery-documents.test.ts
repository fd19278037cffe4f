import { describe, expect, it } from 'vitest';
import { defineResource } from '../../../api/resource.ts';
import { MutableResourceCatalog } from '../../registry/resource-catalog.ts';
import { aggregatedDiscovery, apiResourceList } from './discovery-documents.ts';
import { compareVersions, servedGroups } from './group-versions.ts';

interface Entry {
  name: string;
  kind: string;
  group?: string;
  version?: string;
  verbs: string[];
  storageVersionHash?: string;
}

function entriesOf(group: string, version: string): Entry[] {
  const served = servedGroups(new MutableResourceCatalog()).find((candidate) => candidate.group === group)?.versions.find((candidate) => candidate.version === version);
  return (apiResourceList(group, served!) as { resources: Entry[] }).resources;
}

describe('servedGroups', () => {
  it('has the built-in groups in the order of kube-apiserver', () => {
    expect(servedGroups(new MutableResourceCatalog()).map(({ group }) => group)).toEqual([
      'apiregistration.k8s.io', '', 'apps', 'events.k8s.io', 'authentication.k8s.io', 'authorization.k8s.io', 'autoscaling', 'batch',
      'certificates.k8s.io', 'networking.k8s.io', 'policy', 'rbac.authorization.k8s.io', 'storage.k8s.io', 'admissionregistration.k8s.io',
      'apiextensions.k8s.io', 'scheduling.k8s.io', 'coordination.k8s.io', 'node.k8s.io', 'discovery.k8s.io', 'flowcontrol.apiserver.k8s.io',
    ]);
  });

  it('prefers autoscaling/v2 and has v1 too', () => {
    const served = servedGroups(new MutableResourceCatalog()).find(({ group }) => group === 'autoscaling');
    expect(served?.versions.map(({ version }) => version)).toEqual(['v2', 'v1']);
  });

  it('puts custom and aggregated groups where their priorities say, with their preferred version first', () => {
    const catalog = new MutableResourceCatalog();
    const row = (group: string, version: string) => defineResource({ group, version, kind: 'Thing', plural: 'things', namespaced: true });
    catalog.setCustomResources([row('b.example.com', 'v1beta1'), row('b.example.com', 'v1'), row('a.example.com', 'v1')]);
    const metrics = { group: 'metrics.k8s.io', version: 'v1beta1', groupPriorityMinimum: 100, versionPriority: 100, resources: undefined };
    const groups = servedGroups(catalog, [metrics]);
    expect(groups.slice(-3).map(({ group, versions }) => [group, ...versions.map(({ version }) => version)]))
      .toEqual([['a.example.com', 'v1'], ['b.example.com', 'v1', 'v1beta1'], ['metrics.k8s.io', 'v1beta1']]);
    expect(aggregatedDiscovery(groups.slice(-1), 'v2')).toMatchObject({ items: [{ metadata: { name: 'metrics.k8s.io' }, versions: [{ version: 'v1beta1', freshness: 'Stale' }] }] });
  });

  it('orders version names as Kubernetes does', () => {
    expect(['foo', 'v1alpha2', 'v1', 'v10', 'v2beta1', 'v1alpha10', 'bar', 'v2', 'v3beta2'].sort(compareVersions))
      .toEqual(['v10', 'v2', 'v1', 'v3beta2', 'v2beta1', 'v1alpha10', 'v1alpha2', 'bar', 'foo']);
  });
});

describe('apiResourceList', () => {
  it('is sorted and has what kube-apiserver has', () => {
    const entries = entriesOf('', 'v1');
    expect(entries.map(({ name }) => name)).toEqual(entries.map(({ name }) => name).sort());
    const find = (name: string) => entries.find((entry) => entry.name === name);
    expect(find('pods')).toMatchObject({ storageVersionHash: 'xPOwRZ+Yhw8=', verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'] });
    expect(find('namespaces')?.verbs).not.toContain('deletecollection');
    expect(find('bindings')).toEqual({ name: 'bindings', singularName: 'binding', namespaced: true, kind: 'Binding', verbs: ['create'] });
    expect(find('componentstatuses')).toMatchObject({ verbs: ['get', 'list'], shortNames: ['cs'] });
    expect(find('services/proxy')).toMatchObject({ kind: 'ServiceProxyOptions' });
    expect(find('serviceaccounts/token')).toMatchObject({ group: 'authentication.k8s.io', version: 'v1', kind: 'TokenRequest', verbs: ['create'] });
  });

  it('shows the hash of the version that is stored', () => {
    const hashes = new Set([...entriesOf('autoscaling', 'v1'), ...entriesOf('autoscaling', 'v2')].map((entry) => entry.storageVersionHash).filter(Boolean));
    expect(hashes.size).toBe(1);
    expect(entriesOf('events.k8s.io', 'v1')[0]?.storageVersionHash).toBe('r2yiGXH7wu8=');
  });
});
