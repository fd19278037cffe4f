/** The objects of discovery: meta/v1 APIVersions, APIGroupList, APIGroup, APIResourceList, and the aggregated apidiscovery.k8s.io. */
import type { Resource } from '../../../api/resources.ts';
import type { AggregatedResource, ServedGroup, ServedVersion } from './group-versions.ts';
import { factsOf, storageVersionHash, subresourcesOf, verbsOf } from './resource-facts.ts';

/** @param host what the client called this server, with port. */
export function apiVersions(core: ServedGroup | undefined, host: string): object {
  return {
    kind: 'APIVersions', versions: core?.versions.map(({ version }) => version) ?? [],
    serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress: host }],
  };
}

export function apiGroupList(groups: readonly ServedGroup[]): object {
  return { kind: 'APIGroupList', apiVersion: 'v1', groups: groups.filter(({ group }) => group !== '').map(groupFields) };
}

export function apiGroup(group: ServedGroup): object {
  return { kind: 'APIGroup', apiVersion: 'v1', ...groupFields(group) };
}

function groupFields({ group, versions }: ServedGroup) {
  const shown = versions.map(({ version }) => ({ groupVersion: `${group}/${version}`, version }));
  return { name: group, versions: shown, preferredVersion: shown[0] };
}

export function apiResourceList(group: string, { version, resources, aggregated }: ServedVersion): object {
  const groupVersion = group ? `${group}/${version}` : version;
  return { kind: 'APIResourceList', apiVersion: 'v1', groupVersion, resources: aggregated?.resources ?? resources.flatMap(apiResources) };
}

function apiResources(resource: Resource): object[] {
  const own = {
    name: resource.plural, singularName: resource.singular, namespaced: resource.namespaced, kind: resource.kind, verbs: verbsOf(resource),
    ...names(resource),
    ...(resource.virtual ? {} : { storageVersionHash: storageVersionHash(resource) }),
  };
  const below = subresourcesOf(resource).map((subresource) => {
    const { verbs, kind = resource.kind, ...scope } = factsOf(resource, subresource);
    return { name: `${resource.plural}/${subresource}`, singularName: '', namespaced: resource.namespaced, ...scope, kind, verbs };
  });
  return [own, ...below];
}

function names({ shortNames, categories }: Pick<AggregatedResource, 'shortNames' | 'categories'>): object {
  return { ...(shortNames?.length ? { shortNames } : {}), ...(categories?.length ? { categories } : {}) };
}

/** @param apiVersion of apidiscovery.k8s.io: v2 or v2beta1. */
export function aggregatedDiscovery(groups: readonly ServedGroup[], apiVersion: string): object {
  return {
    kind: 'APIGroupDiscoveryList', apiVersion: `apidiscovery.k8s.io/${apiVersion}`, metadata: {},
    items: groups.map(({ group, versions }) => ({
      metadata: group ? { name: group } : {},
      versions: versions.map((served) => ({ version: served.version, ...resourcesOf(group, served) })),
    })),
  };
}

function resourcesOf(group: string, served: ServedVersion): object {
  if (!served.aggregated) return { resources: served.resources.map(aggregatedResource), freshness: 'Current' };
  const { resources } = served.aggregated;
  return resources ? { resources: groupSubresources(group, served.version, resources), freshness: 'Current' } : { freshness: 'Stale' };
}

function aggregatedResource(resource: Resource): object {
  const responseKind = { group: resource.group, version: resource.version, kind: resource.kind };
  const subresources = subresourcesOf(resource).map((subresource) => {
    const { verbs, ...own } = factsOf(resource, subresource);
    return { subresource, responseKind: { ...responseKind, ...own }, verbs };
  });
  return {
    resource: resource.plural, responseKind, scope: scopeOf(resource), singularResource: resource.singular, verbs: verbsOf(resource), ...names(resource),
    ...(subresources.length > 0 ? { subresources } : {}),
  };
}

/** From the flat list of an extension server to the nested one. */
function groupSubresources(group: string, version: string, entries: readonly AggregatedResource[]): object[] {
  const kindOf = (entry: AggregatedResource) => ({ group: entry.group ?? group, version: entry.version ?? version, kind: entry.kind });
  return entries.filter(({ name }) => !name.includes('/')).map((entry) => {
    const prefix = `${entry.name}/`;
    const subresources = entries.filter(({ name }) => name.startsWith(prefix))
      .map((below) => ({ subresource: below.name.slice(prefix.length), responseKind: kindOf(below), verbs: below.verbs }));
    return {
      resource: entry.name, responseKind: kindOf(entry), scope: scopeOf(entry), singularResource: entry.singularName, verbs: entry.verbs, ...names(entry),
      ...(subresources.length > 0 ? { subresources } : {}),
    };
  });
}

function scopeOf({ namespaced }: { namespaced: boolean }): string {
  return namespaced ? 'Namespaced' : 'Cluster';
}
