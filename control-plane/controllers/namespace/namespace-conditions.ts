/** What a terminating namespace tells about its end. Follows k8s.io/kubernetes/pkg/controller/namespace/deletion. */
import type { Namespace } from '../../../api/core.ts';
import type { KubernetesObject } from '../../../api/meta.ts';
import type { Resource } from '../../../api/resources.ts';
import { timestamp } from '../../../machinery/clock.ts';

export type NamespaceCondition = NonNullable<NonNullable<Namespace['status']>['conditions']>[number];

/** What is left of one kind. */
export interface Remainder {
  resource: Pick<Resource, 'plural' | 'group'>;
  objects: readonly KubernetesObject[];
}

interface Verdict {
  type: string;
  status: 'True' | 'False';
  reason: string;
  message: string;
}

/**
 * @param remainders kinds of which something is left.
 * @param failures messages of deletions that failed.
 * @param undiscovered why it is not known what extension servers have.
 */
export function namespaceConditions(
  current: readonly NamespaceCondition[], { remainders, failures, undiscovered }: { remainders: readonly Remainder[]; failures: readonly string[]; undiscovered: readonly string[] }, now: number,
): NamespaceCondition[] {
  const verdicts = [
    discoveryFailure(undiscovered),
    fine('NamespaceDeletionGroupVersionParsingFailure', 'ParsedGroupVersions', 'All legacy kube types successfully parsed'),
    contentFailure(failures),
    contentRemaining(remainders),
    finalizersRemaining(remainders),
  ];
  return verdicts.map((verdict) => {
    const existing = current.find(({ type }) => type === verdict.type);
    const since = existing?.status === verdict.status ? existing.lastTransitionTime : undefined;
    return { ...verdict, lastTransitionTime: since ?? timestamp(now) };
  });
}

function fine(type: string, reason: string, message: string): Verdict {
  return { type, status: 'False', reason, message };
}

function discoveryFailure(undiscovered: readonly string[]): Verdict {
  const type = 'NamespaceDeletionDiscoveryFailure';
  if (undiscovered.length === 0) return fine(type, 'ResourcesDiscovered', 'All resources successfully discovered');
  const why = `unable to retrieve the complete list of server APIs: ${[...undiscovered].sort().join(', ')}`;
  return { type, status: 'True', reason: 'DiscoveryFailed', message: `Discovery failed for some groups, ${undiscovered.length} failing: ${why}` };
}

function contentFailure(failures: readonly string[]): Verdict {
  const type = 'NamespaceDeletionContentFailure';
  if (failures.length === 0) return fine(type, 'ContentDeleted', 'All content successfully deleted, may be waiting on finalization');
  const message = `Failed to delete all resource types, ${failures.length} remaining: ${[...failures].sort().join(', ')}`;
  return { type, status: 'True', reason: 'ContentDeletionFailed', message };
}

function contentRemaining(remainders: readonly Remainder[]): Verdict {
  const type = 'NamespaceContentRemaining';
  const texts = remainders.filter(({ objects }) => objects.length > 0)
    .map(({ resource, objects }) => `${resource.plural}.${resource.group} has ${objects.length} resource instances`).sort();
  if (texts.length === 0) return fine(type, 'ContentRemoved', 'All content successfully removed');
  return { type, status: 'True', reason: 'SomeResourcesRemain', message: `Some resources are remaining: ${texts.join(', ')}` };
}

function finalizersRemaining(remainders: readonly Remainder[]): Verdict {
  const type = 'NamespaceFinalizersRemaining';
  const counts = new Map<string, number>();
  for (const object of remainders.flatMap(({ objects }) => objects)) {
    for (const finalizer of object.metadata?.finalizers ?? []) counts.set(finalizer, (counts.get(finalizer) ?? 0) + 1);
  }
  if (counts.size === 0) return fine(type, 'ContentHasNoFinalizers', 'All content-preserving finalizers finished');
  const texts = [...counts].map(([finalizer, count]) => `${finalizer} in ${count} resource instances`).sort();
  return { type, status: 'True', reason: 'SomeFinalizersRemain', message: `Some content in the namespace has finalizers remaining: ${texts.join(', ')}` };
}
