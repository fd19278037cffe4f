/**
 * Brings the default roles and bindings back at every start: what is missing is made, what lost rules or subjects gets them
 * again, what has more keeps it, a binding of another role is made anew. Objects annotated with autoupdate "false" are left alone.
 * Follows component-helpers/auth/rbac/reconciliation and pkg/registry/rbac/rest.
 */
import { isAlreadyExists } from '../../../api/errors.ts';
import type { KubernetesObject } from '../../../api/meta.ts';
import type { AggregationRule, ClusterRole, ClusterRoleBinding, PolicyRule, Role, RoleBinding, Subject } from '../../../api/rbac.ts';
import { clusterRoleBindings, clusterRoles, roleBindings, roles, type Resource } from '../../../api/resources.ts';
import type { ApiClient, ResourceClient } from '../../../machinery/client.ts';
import { deepEqual } from '../../registry/deep-equal.ts';
import { uncoveredRules } from '../policy-rules.ts';
import { clusterRoleBindingTable, clusterRoleTable } from './cluster-roles.ts';
import { controllerRoleBindingTable, controllerRoleTable } from './controller-roles.ts';
import { roleBindingTable, roleTable } from './namespaced-roles.ts';
import { autoUpdateAnnotation } from './policy-objects.ts';

/** Idempotent; writes nothing when all is as it should be. The system namespaces must be there. */
export async function ensureBootstrapPolicy(client: ApiClient): Promise<void> {
  await ensure(client, clusterRoles, [...clusterRoleTable, ...controllerRoleTable], completeRole);
  await ensure(client, clusterRoleBindings, [...clusterRoleBindingTable, ...controllerRoleBindingTable], completeBinding);
  await ensure(client, roles, roleTable, completeRole);
  await ensure(client, roleBindings, roleBindingTable, completeBinding);
}

async function ensure<T extends KubernetesObject>(client: ApiClient, resource: Resource<T>, wanted: readonly T[], complete: (present: T, wanted: T) => T): Promise<void> {
  const kind = client.resource(resource);
  const present = new Map((await kind.list()).items.map((object) => [keyOf(object), object]));
  // Together: the store commits them in few batches.
  await Promise.all(wanted.map(async (object) => {
    const found = present.get(keyOf(object));
    if (!found) {
      await kind.create(object).catch((error: unknown) => { if (!isAlreadyExists(error)) throw error; });
      return;
    }
    if (found.metadata?.annotations?.[autoUpdateAnnotation] === 'false') return;
    if (bindsAnother(found, object)) {
      await recreate(kind, found, complete(found, object), object);
      return;
    }
    if (deepEqual(complete(found, object), found)) return;
    await kind.modify(object.metadata?.name ?? '', object.metadata?.namespace, (copy) => complete(copy, object));
  }));
}

/** The role of a binding cannot be changed, only the binding be made anew. */
function bindsAnother(found: KubernetesObject, wanted: KubernetesObject): boolean {
  return !deepEqual((found as Partial<RoleBinding>).roleRef, (wanted as Partial<RoleBinding>).roleRef);
}

async function recreate<T extends KubernetesObject>(kind: ResourceClient<T>, found: T, completed: T, { metadata, ...wanted }: T): Promise<void> {
  const { name = '', namespace } = metadata ?? {};
  await kind.delete(name, namespace, { preconditions: { uid: found.metadata?.uid ?? '' } });
  const { labels, annotations } = completed.metadata ?? {};
  await kind.create({ ...completed, ...wanted, metadata: { name, ...(namespace ? { namespace } : {}), labels, annotations }, subjects: (completed as Partial<RoleBinding>).subjects });
}

function keyOf({ metadata }: KubernetesObject): string {
  return `${metadata?.namespace ?? ''}/${metadata?.name}`;
}

function withMarks<T extends KubernetesObject>(present: T, wanted: T): T {
  return {
    ...present,
    metadata: {
      ...present.metadata,
      labels: { ...wanted.metadata?.labels, ...present.metadata?.labels },
      annotations: { ...wanted.metadata?.annotations, ...present.metadata?.annotations },
    },
  };
}

function completeRole<T extends ClusterRole | Role>(present: T, wanted: T): T {
  const { aggregationRule } = wanted as ClusterRole;
  if (aggregationRule) return { ...withMarks(present, wanted), aggregationRule: completeSelectors((present as ClusterRole).aggregationRule, aggregationRule) };
  const missing: PolicyRule[] = uncoveredRules(present.rules ?? [], wanted.rules ?? []);
  return missing.length === 0 ? withMarks(present, wanted) : { ...withMarks(present, wanted), rules: [...present.rules ?? [], ...missing] };
}

function completeSelectors(present: AggregationRule | undefined, wanted: AggregationRule): AggregationRule {
  const selectors = present?.clusterRoleSelectors ?? [];
  const missing = (wanted.clusterRoleSelectors ?? []).filter((selector) => !selectors.some((known) => deepEqual(known, selector)));
  return present && missing.length === 0 ? present : { clusterRoleSelectors: [...selectors, ...missing] };
}

function completeBinding<T extends RoleBinding | ClusterRoleBinding>(present: T, wanted: T): T {
  const missing = (wanted.subjects ?? []).filter((subject) => !present.subjects?.some((candidate) => sameSubject(candidate, subject)));
  return missing.length === 0 ? withMarks(present, wanted) : { ...withMarks(present, wanted), subjects: [...present.subjects ?? [], ...missing] };
}

function sameSubject(one: Subject, other: Subject): boolean {
  return one.kind === other.kind && one.name === other.name && (one.namespace ?? '') === (other.namespace ?? '');
}
