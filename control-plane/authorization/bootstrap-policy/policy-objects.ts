/** Short forms for the tables of default roles. */
import type { ClusterRole, ClusterRoleBinding, PolicyRule, Role, RoleBinding, Subject } from '../../../api/rbac.ts';

const group = 'rbac.authorization.k8s.io';
const apiVersion = `${group}/v1`;

/** Marks what is brought back to its default at every start; people set it to "false" to keep their own version. */
export const autoUpdateAnnotation = 'rbac.authorization.kubernetes.io/autoupdate';

const words = (text: string): string[] => text.split(' ').filter((word) => word !== '');

export const read = 'get list watch';
export const write = 'create delete deletecollection patch update';
export const readWrite = 'create delete deletecollection get list patch update watch';

/** @param apiGroup `core` is the group without a name. All lists are separated by spaces. */
export function rule(verbs: string, apiGroup: string, resources: string, names = ''): PolicyRule {
  const resourceNames = words(names);
  return {
    apiGroups: words(apiGroup).map((name) => (name === 'core' ? '' : name)), resources: words(resources), verbs: words(verbs),
    ...(resourceNames.length > 0 ? { resourceNames } : {}),
  };
}

export function pathRule(verbs: string, paths: string): PolicyRule {
  return { nonResourceURLs: words(paths), verbs: words(verbs) };
}

export const eventsRule: PolicyRule = rule('create patch update', 'core events.k8s.io', 'events');

function metadata(name: string, labels: Readonly<Record<string, string>> = {}) {
  return { name, annotations: { [autoUpdateAnnotation]: 'true' }, labels: { 'kubernetes.io/bootstrapping': 'rbac-defaults', ...labels } };
}

export function aggregateTo(role: 'admin' | 'edit' | 'view'): Record<string, string> {
  return { [`${group}/aggregate-to-${role}`]: 'true' };
}

export function clusterRole(name: string, rules: readonly PolicyRule[], labels?: Readonly<Record<string, string>>): ClusterRole {
  return { apiVersion, kind: 'ClusterRole', metadata: metadata(name, labels), rules: [...rules] };
}

/** Its rules come from the roles with the label of its name. */
export function aggregatedRole(name: 'admin' | 'edit' | 'view', labels?: Readonly<Record<string, string>>): ClusterRole {
  const { rules: _, ...role } = clusterRole(name, [], labels);
  return { ...role, aggregationRule: { clusterRoleSelectors: [{ matchLabels: aggregateTo(name) }] } };
}

export function role(namespace: string, name: string, rules: readonly PolicyRule[]): Role {
  return { apiVersion, kind: 'Role', metadata: { ...metadata(name), namespace }, rules: [...rules] };
}

export const toGroup = (name: string): Subject => ({ apiGroup: group, kind: 'Group', name });
export const toUser = (name: string): Subject => ({ apiGroup: group, kind: 'User', name });
/** In kube-system. */
export const toAccount = (name: string): Subject => ({ kind: 'ServiceAccount', name, namespace: 'kube-system' });

/** A binding of the role of the same name. */
export function clusterBinding(name: string, ...subjects: Subject[]): ClusterRoleBinding {
  return {
    apiVersion, kind: 'ClusterRoleBinding', metadata: metadata(name), roleRef: { apiGroup: group, kind: 'ClusterRole', name }, ...(subjects.length > 0 ? { subjects } : {}),
  };
}

/** @param roleName default: the binding's. */
export function binding(namespace: string, name: string, subjects: Subject[], roleName = name): RoleBinding {
  return { apiVersion, kind: 'RoleBinding', metadata: { ...metadata(name), namespace }, roleRef: { apiGroup: group, kind: 'Role', name: roleName }, subjects };
}
