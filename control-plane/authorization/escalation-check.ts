/**
 * Nobody gives away more than he has: roles and bindings are refused whose rules their author does not hold, unless he may
 * `escalate` the role or `bind` it. Follows pkg/registry/rbac/{role,clusterrole,rolebinding,clusterrolebinding}/policybased.
 */
import { newForbidden, newNotFound } from '../../api/errors.ts';
import type { ClusterRole, PolicyRule, RoleBinding } from '../../api/rbac.ts';
import { clusterRoleBindings, clusterRoles, roleBindings, roles } from '../../api/resources.ts';
import type { AdmissionAttributes, AdmissionPlugin } from '../admission/admission.ts';
import type { UserInfo } from '../registry/registry.ts';
import { isMaster, type Authorizer } from './authorizer.ts';
import { compactRule, compactRules, uncoveredRules } from './policy-rules.ts';
import { joined, rulesFor } from './rbac-authorizer.ts';
import type { RbacIndex } from './rbac-index.ts';

export interface EscalationCheckOptions {
  index: RbacIndex;
  authorizer: Authorizer;
}

const group = roles.group;

export function createEscalationCheck(options: EscalationCheckOptions): AdmissionPlugin {
  return {
    name: 'RBACEscalation',
    validate(attributes) {
      const { resource, operation, user } = attributes;
      if (resource.group !== group || operation === 'DELETE' || isMaster(user)) return;
      if (resource.plural === roles.plural || resource.plural === clusterRoles.plural) checkRole(options, attributes);
      else if (resource.plural === roleBindings.plural || resource.plural === clusterRoleBindings.plural) checkBinding(options, attributes);
    },
  };
}

function checkRole({ index, authorizer }: EscalationCheckOptions, attributes: AdmissionAttributes): void {
  const { resource, user, namespace, object, old } = attributes;
  const wanted = object as ClusterRole;
  const before = old as ClusterRole | undefined;
  if (before && same(wanted.rules, before.rules) && same(wanted.aggregationRule, before.aggregationRule)) return;
  const name = object?.metadata?.name ?? '';
  if (allows(authorizer, { user, verb: 'escalate', resource: resource.plural, namespace, name })) return;
  if (resource.plural === clusterRoles.plural && hasSelectors(wanted) && !ownsEverything(index, user)) {
    throw newForbidden(resource, name, `must have cluster-admin privileges to use an aggregationRule`);
  }
  const why = escalation(index, user, namespace, wanted.rules ?? []);
  if (why) throw newForbidden(resource, name, why);
}

function checkBinding({ index, authorizer }: EscalationCheckOptions, attributes: AdmissionAttributes): void {
  const { resource, user, namespace, object, old } = attributes;
  const wanted = object as RoleBinding;
  const before = old as RoleBinding | undefined;
  // Taking subjects away, or labelling, gives nobody anything; Kubernetes looks at all changes of role and subjects.
  if (before && same(wanted.roleRef, before.roleRef) && same(wanted.subjects, before.subjects)) return;
  const { roleRef } = wanted;
  const kind = roleRef.kind === 'Role' ? roles.plural : clusterRoles.plural;
  if (allows(authorizer, { user, verb: 'bind', resource: kind, namespace, name: roleRef.name })) return;
  const name = object?.metadata?.name ?? '';
  const rules = index.rulesOf(roleRef, namespace);
  if (!rules) throw newNotFound({ group, plural: kind }, roleRef.name);
  const why = escalation(index, user, namespace, rules);
  if (why) throw newForbidden(resource, name, why);
}

function escalation(index: RbacIndex, user: UserInfo, namespace: string | undefined, wanted: readonly PolicyRule[]): string | undefined {
  const { rules, missing } = rulesFor(index, user, namespace);
  const uncovered = uncoveredRules(rules, wanted);
  if (uncovered.length === 0) return undefined;
  const lines = compactRules(uncovered).map(compactRule).sort().join('\n');
  const about = `user ${JSON.stringify(user.name)} (groups=[${user.groups.map((name) => JSON.stringify(name)).join(' ')}]) is attempting to grant RBAC permissions not currently held:\n${lines}`;
  return missing.length > 0 ? `${about}; resolution errors: ${joined(missing)}` : about;
}

function hasSelectors({ aggregationRule }: ClusterRole): boolean {
  return aggregationRule !== undefined;
}

const everything: readonly PolicyRule[] = [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }, { nonResourceURLs: ['*'], verbs: ['*'] }];

function ownsEverything(index: RbacIndex, user: UserInfo): boolean {
  return uncoveredRules(rulesFor(index, user, undefined).rules, everything).length === 0;
}

interface Asked {
  user: UserInfo;
  verb: string;
  resource: string;
  namespace: string | undefined;
  name: string;
}

function allows(authorizer: Authorizer, { user, verb, resource, namespace, name }: Asked): boolean {
  return authorizer.authorize({ user, isResource: true, verb, group, version: '*', resource, subresource: '', namespace, name }).decision === 'allow';
}

function same(one: unknown, other: unknown): boolean {
  return JSON.stringify(one ?? []) === JSON.stringify(other ?? []);
}
