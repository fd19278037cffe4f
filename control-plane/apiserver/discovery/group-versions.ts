/**
 * Which groups and versions this server has at the moment, in the order of discovery. Priorities of the built-in groups
 * follow kube-apiserver's; custom ones come after them, as its CustomResourceDefinitions do.
 */
import { builtInResources, type Resource } from '../../../api/resources.ts';
import type { ResourceCatalog } from '../../registry/resource-catalog.ts';

/** A group-version that an extension API server answers, as its APIService describes it. */
export interface AggregatedGroupVersion {
  group: string;
  version: string;
  groupPriorityMinimum: number;
  versionPriority: number;
  /** What the extension server lists below its group-version (meta/v1 APIResource); undefined while nobody knows. */
  resources: readonly AggregatedResource[] | undefined;
}

/** meta/v1 APIResource. */
export interface AggregatedResource {
  name: string;
  singularName: string;
  namespaced: boolean;
  group?: string;
  version?: string;
  kind: string;
  verbs: readonly string[];
  shortNames?: readonly string[];
  categories?: readonly string[];
}

/** Where the group-versions of extension API servers come from. */
export interface AggregatedGroupVersions {
  /** A new array after each change. */
  readonly groupVersions: readonly AggregatedGroupVersion[];
}

export interface ServedVersion {
  version: string;
  /** Rows of this server, sorted by plural. */
  resources: readonly Resource[];
  /** Set for a version that another server answers. */
  aggregated?: AggregatedGroupVersion;
}

export interface ServedGroup {
  /** '' for the core group. */
  group: string;
  /** The preferred one first. */
  versions: readonly ServedVersion[];
}

export const builtInPriorities: Readonly<Record<string, number>> = {
  'apiregistration.k8s.io': 20000, '': 18000, apps: 17800, 'events.k8s.io': 17750, 'authentication.k8s.io': 17700, 'authorization.k8s.io': 17600,
  autoscaling: 17500, batch: 17400, 'certificates.k8s.io': 17300, 'networking.k8s.io': 17200, policy: 17100, 'rbac.authorization.k8s.io': 17000,
  'storage.k8s.io': 16800, 'admissionregistration.k8s.io': 16700, 'apiextensions.k8s.io': 16700, 'scheduling.k8s.io': 16600, 'coordination.k8s.io': 16500,
  'node.k8s.io': 16300, 'discovery.k8s.io': 16200, 'flowcontrol.apiserver.k8s.io': 16100,
};
export const customGroupPriority = 1000;
export const customVersionPriority = 100;

const builtIn: ReadonlySet<Resource> = new Set(builtInResources);

interface Candidate extends ServedVersion {
  group: string;
  groupPriority: number;
  versionPriority: number;
}

/** Groups by priority, then name; versions by priority, then as Kubernetes orders version names (v2, v1, v1beta1). */
export function servedGroups(catalog: ResourceCatalog, aggregated: readonly AggregatedGroupVersion[] = []): readonly ServedGroup[] {
  const candidates = new Map<string, Candidate>();
  for (const row of catalog.resources) {
    const { group, version } = row;
    const key = `${group}/${version}`;
    const known = candidates.get(key);
    if (known) (known.resources as Resource[]).push(row);
    else candidates.set(key, { group, version, resources: [row], ...prioritiesOf(row) });
  }
  for (const entry of aggregated) {
    const { group, version, groupPriorityMinimum, versionPriority } = entry;
    candidates.set(`${group}/${version}`, { group, version, resources: [], aggregated: entry, groupPriority: groupPriorityMinimum, versionPriority });
  }
  const groups = new Map<string, Candidate[]>();
  for (const candidate of candidates.values()) {
    (candidate.resources as Resource[]).sort((a, b) => compareText(a.plural, b.plural));
    const versions = groups.get(candidate.group);
    if (versions) versions.push(candidate);
    else groups.set(candidate.group, [candidate]);
  }
  return [...groups].map(([group, versions]) => ({
    group,
    priority: Math.max(...versions.map(({ groupPriority }) => groupPriority)),
    versions: versions.sort((a, b) => b.versionPriority - a.versionPriority || compareVersions(a.version, b.version)),
  })).sort((a, b) => b.priority - a.priority || compareText(a.group, b.group));
}

function prioritiesOf(row: Resource): { groupPriority: number; versionPriority: number } {
  if (!builtIn.has(row)) return { groupPriority: customGroupPriority, versionPriority: customVersionPriority };
  return { groupPriority: builtInPriorities[row.group] ?? customGroupPriority, versionPriority: customVersionPriority };
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

const maturities = ['', 'beta', 'alpha'];

/** Follows k8s.io/apimachinery/pkg/version.CompareKubeAwareVersionStrings: the most mature and newest first, other names last. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [parseVersion(a), parseVersion(b)];
  if (!left || !right) return left ? -1 : right ? 1 : compareText(a, b);
  return left.maturity - right.maturity || right.major - left.major || right.minor - left.minor;
}

function parseVersion(name: string): { major: number; maturity: number; minor: number } | undefined {
  const match = /^v([1-9]\d*)(?:(alpha|beta)([1-9]\d*))?$/.exec(name);
  return match ? { major: Number(match[1]), maturity: maturities.indexOf(match[2] ?? ''), minor: Number(match[3] ?? 0) } : undefined;
}
