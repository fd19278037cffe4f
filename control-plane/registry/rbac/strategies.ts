/** Roles and bindings. Follows pkg/registry/rbac and the defaults of pkg/apis/rbac/v1. */
import type { ClusterRole, ClusterRoleBinding, Role, RoleBinding, RoleRef } from '../../../api/rbac.ts';
import { clusterRoleBindings, clusterRoles, roleBindings, roles } from '../../../api/resources.ts';
import { plainStrategy, type Strategy } from '../strategy.ts';
import { rbacGroup, validateBinding, validateClusterRole, validateRole, validateRoleRefUpdate } from './validation.ts';

const rbacStrategy = { ...plainStrategy, allowCreateOnUpdate: true };
const anyRole = ['Role', 'ClusterRole'];
const clusterRole = ['ClusterRole'];

export const roleStrategy: Strategy<Role> = { ...rbacStrategy, resource: roles, validate: validateRole, validateUpdate: validateRole };

export const clusterRoleStrategy: Strategy<ClusterRole> = {
  ...rbacStrategy, resource: clusterRoles, validate: validateClusterRole, validateUpdate: validateClusterRole,
};

export const roleBindingStrategy: Strategy<RoleBinding> = {
  ...rbacStrategy,
  resource: roleBindings,
  defaults: defaultBinding,
  validate: (binding) => validateBinding(binding, anyRole, true),
  validateUpdate: (binding, old) => [...validateBinding(binding, anyRole, true), ...validateRoleRefUpdate(binding, old)],
};

export const clusterRoleBindingStrategy: Strategy<ClusterRoleBinding> = {
  ...rbacStrategy,
  resource: clusterRoleBindings,
  defaults: defaultBinding,
  validate: (binding) => validateBinding(binding, clusterRole, false),
  validateUpdate: (binding, old) => [...validateBinding(binding, clusterRole, false), ...validateRoleRefUpdate(binding, old)],
};

/** Kubernetes' Go type always has a roleRef, be it empty. */
export function defaultBinding(binding: Pick<RoleBinding, 'roleRef' | 'subjects'>): void {
  const given: Partial<typeof binding> = binding;
  const roleRef: Partial<RoleRef> = given.roleRef ??= { apiGroup: '', kind: '', name: '' };
  roleRef.apiGroup ||= rbacGroup;
  roleRef.kind ??= '';
  roleRef.name ??= '';
  for (const subject of binding.subjects ?? []) {
    if ((subject.kind === 'User' || subject.kind === 'Group') && !subject.apiGroup) subject.apiGroup = rbacGroup;
  }
}
