/** Which objects a quota with scopes is about. Follows pkg/quota/v1/evaluator/core: podMatchesScopeFunc. */
import type { Pod, ResourceQuota } from '../../../api/core.ts';
import type { KubernetesObject } from '../../../api/meta.ts';
import { pods, type Resource } from '../../../api/resources.ts';
import { qualityOfService } from '../../registry/core/pod/quality-of-service.ts';

interface Requirement {
  scopeName: string;
  operator: string;
  values?: readonly string[];
}

export function scopesOf({ spec }: ResourceQuota): readonly Requirement[] {
  const plain = (spec?.scopes ?? []).map((scopeName): Requirement => ({ scopeName, operator: 'Exists' }));
  return [...plain, ...spec?.scopeSelector?.matchExpressions ?? []];
}

/** Scopes are about pods: a quota that has some says nothing about other kinds. */
export function matchesScopes(quota: ResourceQuota, resource: Resource, object: KubernetesObject): boolean {
  const scopes = scopesOf(quota);
  if (scopes.length === 0) return true;
  return resource === pods && scopes.every((scope) => matchesScope(scope, object as Pod));
}

function matchesScope(scope: Requirement, pod: Pod): boolean {
  const spec = pod.spec;
  switch (scope.scopeName) {
    case 'Terminating': return spec?.activeDeadlineSeconds !== undefined;
    case 'NotTerminating': return spec?.activeDeadlineSeconds === undefined;
    case 'BestEffort': return qualityOfService(pod) === 'BestEffort';
    case 'NotBestEffort': return qualityOfService(pod) !== 'BestEffort';
    case 'PriorityClass': return matchesValue(scope, spec?.priorityClassName || undefined);
    case 'CrossNamespacePodAffinity': return usesOtherNamespaces(spec);
    default: return false;
  }
}

function matchesValue({ operator, values = [] }: Requirement, value: string | undefined): boolean {
  switch (operator) {
    case 'In': return value !== undefined && values.includes(value);
    case 'NotIn': return value === undefined || !values.includes(value);
    case 'Exists': return value !== undefined;
    case 'DoesNotExist': return value === undefined;
    default: return false;
  }
}

function usesOtherNamespaces(spec: Pod['spec']): boolean {
  const { podAffinity, podAntiAffinity } = spec?.affinity ?? {};
  return [podAffinity, podAntiAffinity].some((affinity) => {
    const terms = [
      ...affinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [],
      ...(affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(({ podAffinityTerm }) => podAffinityTerm),
    ];
    return terms.some(({ namespaces, namespaceSelector }) => (namespaces?.length ?? 0) > 0 || namespaceSelector !== undefined);
  });
}
