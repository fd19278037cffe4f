/** Which objects of a kind a query means: namespace, label selector, field selector. */
import { newBadRequest } from '../../api/errors.ts';
import type { FieldRequirement } from '../../api/fields.ts';
import { matches } from '../../api/labels.ts';
import type { Selector } from '../../api/labels.ts';
import type { KubernetesObject } from '../../api/meta.ts';
import { listPrefix, storageKey } from '../storage/keys.ts';
import type { Strategy } from './strategy.ts';

export interface Selection<T extends KubernetesObject> {
  /** Every key that can match begins with it. */
  prefix: string;
  /** Undefined when everything under the prefix matches. */
  matches: ((object: T) => boolean) | undefined;
}

interface Query {
  namespace?: string;
  labelSelector: Selector;
  fieldSelector: readonly FieldRequirement[];
}

/** @throws StatusError BadRequest for a field that the kind does not offer. */
export function select<T extends KubernetesObject>(strategy: Strategy<T>, query: Query): Selection<T> {
  const { resource } = strategy;
  const { labelSelector, fieldSelector } = query;
  for (const { field } of fieldSelector) checkField(strategy, field);
  const value = (object: T, field: string): string => {
    if (field === 'metadata.name') return object.metadata?.name ?? '';
    if (field === 'metadata.namespace') return object.metadata?.namespace ?? '';
    return strategy.selectField(object, field);
  };
  const everything = labelSelector.length === 0 && fieldSelector.length === 0;
  return {
    prefix: prefixOf(strategy, query) ?? listPrefix(resource, query.namespace),
    matches: everything ? undefined : (object) =>
      fieldSelector.every((requirement) => (value(object, requirement.field) === requirement.value) === requirement.equal)
      && matches(labelSelector, object.metadata?.labels),
  };
}

/** Queries of one object by its name (`kubectl get -w NAME`) need not look at the others. */
function prefixOf<T extends KubernetesObject>({ resource }: Strategy<T>, query: Query): string | undefined {
  const name = query.fieldSelector.find(({ field, equal }) => field === 'metadata.name' && equal)?.value;
  const namespace = query.namespace
    ?? query.fieldSelector.find(({ field, equal }) => field === 'metadata.namespace' && equal)?.value;
  if (resource.namespaced && !namespace) return undefined;
  return name ? storageKey(resource, namespace, name) : listPrefix(resource, namespace);
}

function checkField<T extends KubernetesObject>(strategy: Strategy<T>, field: string): void {
  if (field === 'metadata.name' || field === 'metadata.namespace' || strategy.selectableFields.includes(field)) return;
  // Kinds with fields of their own say it in other words than the rest. Around it, kubectl says what was looked for.
  const own = strategy.resource.custom !== undefined || strategy.selectableFields.length > 0;
  throw newBadRequest(own ? `field label not supported: ${field}` : `${JSON.stringify(field)} is not a known field selector: only "metadata.name", "metadata.namespace"`);
}
