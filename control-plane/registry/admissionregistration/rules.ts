/** Which requests a webhook or policy is about. Follows pkg/apis/admissionregistration/validation. */
import type { MatchResources, NamedRuleWithOperations, RuleWithOperations } from '../../../api/admissionregistration.ts';
import { check, duplicate, invalid, notSupported, oneOf, required, type FieldError } from '../validation/field-errors.ts';
import { validateLabelSelector } from '../validation/label-selector.ts';
import { pathSegment } from '../validation/names.ts';

export const matchPolicies = ['Equivalent', 'Exact'];
export const failurePolicies = ['Fail', 'Ignore'];
const operations = ['*', 'CONNECT', 'CREATE', 'DELETE', 'UPDATE'];
const scopes = ['*', 'Cluster', 'Namespaced'];

export function defaultRules(rules: readonly RuleWithOperations[] | undefined): void {
  for (const rule of rules ?? []) rule.scope ??= '*';
}

export function defaultMatchResources(match: MatchResources | undefined): void {
  if (!match) return;
  match.matchPolicy ??= 'Equivalent';
  match.namespaceSelector ??= {};
  match.objectSelector ??= {};
  defaultRules(match.resourceRules);
  defaultRules(match.excludeResourceRules);
}

export function validateMatchResources(match: MatchResources, path: string): FieldError[] {
  const { matchPolicy, namespaceSelector, objectSelector, resourceRules = [], excludeResourceRules = [] } = match;
  return [
    ...oneOf(`${path}.matchPolicy`, matchPolicy, matchPolicies),
    ...(namespaceSelector ? validateLabelSelector(namespaceSelector, `${path}.namespaceSelector`) : [required(`${path}.namespaceSelector`)]),
    ...(objectSelector ? validateLabelSelector(objectSelector, `${path}.objectSelector`) : [required(`${path}.objectSelector`)]),
    ...resourceRules.flatMap((rule, index) => validateNamedRule(rule, `${path}.resourceRules[${index}]`)),
    ...excludeResourceRules.flatMap((rule, index) => validateNamedRule(rule, `${path}.excludeResourceRules[${index}]`)),
  ];
}

function validateNamedRule(rule: NamedRuleWithOperations, path: string): FieldError[] {
  const names = rule.resourceNames ?? [];
  return [
    ...names.flatMap((name, index) => [
      ...check(`${path}.resourceNames[${index}]`, name, pathSegment),
      ...(names.indexOf(name) < index ? [duplicate(`${path}.resourceNames[${index}]`, name)] : []),
    ]),
    ...validateRule(rule, path),
  ];
}

export function validateRule(rule: RuleWithOperations, path: string): FieldError[] {
  const { apiGroups = [], apiVersions = [], scope } = rule;
  const wanted = rule.operations ?? [];
  return [
    ...(wanted.length === 0 ? [required(`${path}.operations`)] : []),
    ...aloneIfWildcard(wanted, `${path}.operations`, 'operations'),
    ...wanted.flatMap((operation, index) => (operations.includes(operation) ? [] : [notSupported(`${path}.operations[${index}]`, operation, operations)])),
    ...(apiGroups.length === 0 ? [required(`${path}.apiGroups`)] : []),
    ...aloneIfWildcard(apiGroups, `${path}.apiGroups`, 'API groups'),
    ...(apiVersions.length === 0 ? [required(`${path}.apiVersions`)] : []),
    ...aloneIfWildcard(apiVersions, `${path}.apiVersions`, 'API versions'),
    ...apiVersions.flatMap((version, index) => (version ? [] : [required(`${path}.apiVersions[${index}]`)])),
    ...validateResources(rule.resources ?? [], `${path}.resources`),
    ...(scope === undefined || scopes.includes(scope) ? [] : [notSupported(`${path}.scope`, scope, scopes)]),
  ];
}

function aloneIfWildcard(values: readonly string[], field: string, what: string): FieldError[] {
  return values.length > 1 && values.includes('*') ? [invalid(field, values, `if '*' is present, must not specify other ${what}`)] : [];
}

function validateResources(resources: readonly string[], path: string): FieldError[] {
  const errors = resources.length === 0 ? [required(path)] : [];
  const [everySubresourceOf, thatSubresourceOfAll] = [new Set<string>(), new Set<string>()];
  resources.forEach((entry, index) => {
    const place = `${path}[${index}]`;
    if (entry === '') errors.push(required(place));
    const slash = entry.indexOf('/');
    if (slash < 0) return;
    const [resource, subresource] = [entry.slice(0, slash), entry.slice(slash + 1)];
    if (everySubresourceOf.has(resource)) errors.push(invalid(place, entry, `if '${resource}/*' is present, must not specify ${entry}`));
    if (thatSubresourceOfAll.has(subresource)) errors.push(invalid(place, entry, `if '*/${subresource}' is present, must not specify ${entry}`));
    if (subresource === '*') everySubresourceOf.add(resource);
    if (resource === '*') thatSubresourceOfAll.add(subresource);
  });
  if (resources.length > 1 && resources.includes('*/*')) errors.push(invalid(path, resources, "if '*/*' is present, must not specify other resources"));
  // As Kubernetes looks: only the last entry without a subresource counts.
  const lastPlain = resources.filter((entry) => entry !== '' && !entry.includes('/')).at(-1);
  if (resources.includes('*') && lastPlain !== undefined && lastPlain !== '*') {
    errors.push(invalid(path, resources, "if '*' is present, must not specify other resources without subresources"));
  }
  return errors;
}
