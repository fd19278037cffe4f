/** What one rule of a role allows, and whether rules cover one another. Follows k8s.io/kubernetes/pkg/apis/rbac and component-helpers/auth/rbac/validation. */
import type { PolicyRule } from '../../api/rbac.ts';
import type { AuthorizationAttributes, PathAttributes, ResourceAttributes } from './authorizer.ts';

const all = '*';
const nothing: readonly string[] = [];

export function ruleAllows(rule: PolicyRule, attributes: AuthorizationAttributes): boolean {
  return attributes.isResource ? allowsResource(rule, attributes) : allowsPath(rule, attributes);
}

function has(values: readonly string[] | undefined, value: string): boolean {
  return values !== undefined && (values.includes(value) || values.includes(all));
}

function allowsResource(rule: PolicyRule, { verb, group, resource, subresource, name }: ResourceAttributes): boolean {
  if (!has(rule.verbs, verb) || !has(rule.apiGroups, group)) return false;
  if (!matchesResource(rule.resources ?? nothing, resource, subresource)) return false;
  return !rule.resourceNames?.length || rule.resourceNames.includes(name ?? '');
}

function matchesResource(resources: readonly string[], resource: string, subresource: string): boolean {
  if (resources.includes(all)) return true;
  if (!subresource) return resources.includes(resource);
  return resources.includes(`${resource}/${subresource}`) || resources.includes(`*/${subresource}`);
}

function allowsPath(rule: PolicyRule, { verb, path }: PathAttributes): boolean {
  if (!has(rule.verbs, verb) || !rule.nonResourceURLs) return false;
  return rule.nonResourceURLs.some((pattern) => matchesPath(pattern, path));
}

/** `/logs/*` matches everything below; `*` everything. */
function matchesPath(pattern: string, path: string): boolean {
  if (pattern === all || pattern === path) return true;
  return pattern.endsWith(all) && path.startsWith(pattern.replace(/\*+$/, ''));
}

/** The rules of `wanted` that `owned` does not allow, broken down to one verb, group, resource and name each. */
export function uncoveredRules(owned: readonly PolicyRule[], wanted: readonly PolicyRule[]): PolicyRule[] {
  return wanted.flatMap(breakDown).filter((single) => !owned.some((rule) => covers(rule, single)));
}

function breakDown(rule: PolicyRule): PolicyRule[] {
  const singles: PolicyRule[] = [];
  for (const group of rule.apiGroups ?? nothing) {
    for (const resource of rule.resources ?? nothing) {
      for (const verb of rule.verbs) {
        const single: PolicyRule = { apiGroups: [group], resources: [resource], verbs: [verb] };
        if (rule.resourceNames?.length) for (const name of rule.resourceNames) singles.push({ ...single, resourceNames: [name] });
        else singles.push(single);
      }
    }
  }
  for (const url of rule.nonResourceURLs ?? nothing) for (const verb of rule.verbs) singles.push({ nonResourceURLs: [url], verbs: [verb] });
  return singles;
}

/** @param single of one verb and either one path or one group, resource and at most one name. */
function covers(rule: PolicyRule, single: PolicyRule): boolean {
  if (!has(rule.verbs, single.verbs[0]!)) return false;
  const url = single.nonResourceURLs?.[0];
  if (url !== undefined) return rule.nonResourceURLs?.some((pattern) => matchesPath(pattern, url)) ?? false;
  if (!has(rule.apiGroups, single.apiGroups![0]!)) return false;
  const [resource = '', ...subresource] = single.resources![0]!.split('/');
  if (!rule.resources || !(rule.resources.includes(single.resources![0]!) || matchesResource(rule.resources, resource, subresource.join('/')))) return false;
  return !rule.resourceNames?.length || (single.resourceNames !== undefined && rule.resourceNames.includes(single.resourceNames[0]!));
}

/** As Go prints rbac.PolicyRule in compact form: `{APIGroups:[""], Resources:["pods"], Verbs:["get"]}`. */
export function compactRule(rule: PolicyRule): string {
  const part = (name: string, values: readonly string[] | undefined) => (values?.length ? [`${name}:[${values.map((value) => JSON.stringify(value)).join(' ')}]`] : []);
  return `{${[
    ...part('APIGroups', rule.apiGroups), ...part('Resources', rule.resources), ...part('ResourceNames', rule.resourceNames),
    ...part('NonResourceURLs', rule.nonResourceURLs), ...part('Verbs', rule.verbs),
  ].join(', ')}}`;
}

/** Rules that differ in one list only made one, so that a message names each rule once. */
export function compactRules(rules: readonly PolicyRule[]): PolicyRule[] {
  const merged = new Map<string, PolicyRule>();
  for (const rule of rules) {
    const key = JSON.stringify([rule.apiGroups, rule.resources, rule.resourceNames, rule.nonResourceURLs]);
    const known = merged.get(key);
    merged.set(key, known ? { ...known, verbs: [...known.verbs, ...rule.verbs] } : rule);
  }
  return [...merged.values()];
}
