/** Validation of roles and bindings, beyond metadata. Follows pkg/apis/rbac/validation. */
import type { ClusterRole, PolicyRule, Role, RoleBinding, RoleRef, Subject } from '../../../api/rbac.ts';
import { check, invalid, notSupported, required, type FieldError } from '../validation/field-errors.ts';
import { validateLabelSelector } from '../validation/label-selector.ts';
import { dnsSubdomain, pathSegment } from '../validation/names.ts';

export const rbacGroup = 'rbac.authorization.k8s.io';
const urls = 'nonResourceURLs';

export function validateRole({ rules }: Role): FieldError[] {
  return validateRules(rules ?? [], true);
}

export function validateClusterRole({ rules, aggregationRule }: ClusterRole): FieldError[] {
  const selectors = aggregationRule?.clusterRoleSelectors ?? [];
  return [
    ...validateRules(rules ?? [], false),
    ...(aggregationRule && selectors.length === 0
      ? [required('aggregationRule.clusterRoleSelectors', 'at least one clusterRoleSelector required if aggregationRule is non-nil')]
      : []),
    ...selectors.flatMap((selector, index) => validateLabelSelector(selector, `aggregationRule.clusterRoleSelectors[${index}]`)),
  ];
}

function validateRules(rules: readonly Partial<PolicyRule>[], namespaced: boolean): FieldError[] {
  return rules.flatMap((rule, index) => validateRule(rule, namespaced, `rules[${index}]`));
}

function validateRule(rule: Partial<PolicyRule>, namespaced: boolean, path: string): FieldError[] {
  const { verbs = [], nonResourceURLs = [], apiGroups = [], resources = [], resourceNames = [] } = rule;
  const errors = verbs.length === 0 ? [required(`${path}.verbs`, 'verbs must contain at least one value')] : [];
  if (nonResourceURLs.length > 0) {
    if (namespaced) errors.push(invalid(`${path}.${urls}`, nonResourceURLs, 'namespaced rules cannot apply to non-resource URLs'));
    if (apiGroups.length + resources.length + resourceNames.length > 0) {
      errors.push(invalid(`${path}.${urls}`, nonResourceURLs, 'rules cannot apply to both regular resources and non-resource URLs'));
    }
    return errors;
  }
  if (apiGroups.length === 0) errors.push(required(`${path}.apiGroups`, 'resource rules must supply at least one api group'));
  if (resources.length === 0) errors.push(required(`${path}.resources`, 'resource rules must supply at least one resource'));
  return errors;
}

type Binding = Pick<RoleBinding, 'roleRef' | 'subjects'>;

/** @param roleKinds what the binding may refer to. */
export function validateBinding(binding: Partial<Binding>, roleKinds: readonly string[], namespaced: boolean): FieldError[] {
  const { apiGroup = '', kind = '', name }: Partial<RoleRef> = binding.roleRef ?? {};
  return [
    ...(apiGroup === rbacGroup ? [] : [notSupported('roleRef.apiGroup', apiGroup, [rbacGroup])]),
    ...(roleKinds.includes(kind) ? [] : [notSupported('roleRef.kind', kind, roleKinds)]),
    ...(name ? check('roleRef.name', name, pathSegment) : [required('roleRef.name')]),
    ...(binding.subjects ?? []).flatMap((subject, index) => validateSubject(subject, namespaced, `subjects[${index}]`)),
  ];
}

function validateSubject({ kind = '', name = '', apiGroup = '', namespace }: Partial<Subject>, namespaced: boolean, path: string): FieldError[] {
  const errors = name ? [] : [required(`${path}.name`)];
  switch (kind) {
    case 'ServiceAccount':
      if (name) errors.push(...check(`${path}.name`, name, dnsSubdomain));
      if (apiGroup) errors.push(notSupported(`${path}.apiGroup`, apiGroup, ['']));
      if (!namespaced && !namespace) errors.push(required(`${path}.namespace`));
      return errors;
    case 'User': case 'Group':
      if (apiGroup !== rbacGroup) errors.push(notSupported(`${path}.apiGroup`, apiGroup, [rbacGroup]));
      return errors;
    default:
      return [...errors, notSupported(`${path}.kind`, kind, ['ServiceAccount', 'User', 'Group'])];
  }
}

export function validateRoleRefUpdate({ roleRef }: Binding, old: Binding): FieldError[] {
  const same = roleRef.apiGroup === old.roleRef.apiGroup && roleRef.kind === old.roleRef.kind && roleRef.name === old.roleRef.name;
  // The message shows the internal type, whose fields begin with capitals.
  const shown = { APIGroup: roleRef.apiGroup, Kind: roleRef.kind, Name: roleRef.name };
  return same ? [] : [invalid('roleRef', shown, 'cannot change roleRef')];
}
