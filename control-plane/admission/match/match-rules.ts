/**
 * Which requests a webhook or a policy is about: rules, scopes, other versions of the same kind, selectors. Follows
 * k8s.io/apiserver/pkg/admission/plugin/webhook/predicates and policy/matching.
 */
import type { LabelSelector } from '../../../api/meta.ts';
import { matches, selectorFromLabelSelector, type Selector } from '../../../api/labels.ts';
import { newNotFound } from '../../../api/errors.ts';
import { namespaces, type Resource } from '../../../api/resources.ts';
import type { AdmissionAttributes } from '../admission.ts';
import type { AdmissionStore } from '../admission-store.ts';

export interface Rule {
  operations?: readonly string[];
  apiGroups?: readonly string[];
  apiVersions?: readonly string[];
  resources?: readonly string[];
  resourceNames?: readonly string[];
  scope?: string;
}

const guarded = new Set(['mutatingwebhookconfigurations', 'validatingwebhookconfigurations', 'validatingadmissionpolicies', 'validatingadmissionpolicybindings', 'mutatingadmissionpolicies', 'mutatingadmissionpolicybindings']);

/** What could lock everybody out of itself is never asked about itself. */
export function isExempt({ group, plural }: Resource): boolean {
  return group === 'admissionregistration.k8s.io' && guarded.has(plural);
}

function includes(list: readonly string[] | undefined, value: string): boolean {
  return !!list && (list.includes('*') || list.includes(value));
}

export function matchesRule(rule: Rule, attributes: AdmissionAttributes, resource: Resource): boolean {
  return includes(rule.apiGroups, resource.group) && includes(rule.apiVersions, resource.version)
    && includes(rule.operations, attributes.operation)
    && (rule.resources ?? []).some((pattern) => matchesResource(pattern, resource.plural, attributes.subresource ?? ''))
    && matchesScope(rule.scope, attributes)
    && (!rule.resourceNames?.length || rule.resourceNames.includes(nameOf(attributes)));
}

// `pods`, `pods/exec`, `*` (no subresources), `pods/*` (the object too), `*/status`, `*/*`.
function matchesResource(pattern: string, plural: string, subresource: string): boolean {
  const slash = pattern.indexOf('/');
  const wantedPlural = slash < 0 ? pattern : pattern.slice(0, slash);
  const wantedSubresource = slash < 0 ? '' : pattern.slice(slash + 1);
  return (wantedPlural === '*' || wantedPlural === plural) && (wantedSubresource === '*' || wantedSubresource === subresource);
}

function matchesScope(scope: string | undefined, { resource, namespace }: AdmissionAttributes): boolean {
  if (scope === undefined || scope === '*') return true;
  // A Namespace is in no namespace, whatever its path looks like.
  const inNamespace = resource.namespaced && !!namespace;
  return scope === 'Namespaced' ? inNamespace : !inNamespace;
}

/**
 * @param equivalents of a row: the same objects in other versions and groups.
 * @returns the row in which the rules want to see the object; undefined: they are not about it.
 */
export function matchRules(
  rules: readonly Rule[], attributes: AdmissionAttributes, matchPolicy: string | undefined, equivalents: (resource: Resource) => readonly Resource[],
): Resource | undefined {
  const requested = attributes.context.requestResource ?? attributes.resource;
  if (rules.some((rule) => matchesRule(rule, attributes, requested))) return requested;
  if (matchPolicy === 'Exact') return undefined;
  return equivalents(requested).find((other) => rules.some((rule) => matchesRule(rule, attributes, other)));
}

export function nameOf({ name, object }: AdmissionAttributes): string {
  return name || (object?.metadata?.name ?? '');
}

const compiled = new WeakMap<LabelSelector, Selector>();

function compile(selector: LabelSelector): Selector {
  const known = compiled.get(selector) ?? selectorFromLabelSelector(selector) ?? [];
  compiled.set(selector, known);
  return known;
}

/** @throws StatusError NotFound when the namespace is gone. */
export function matchesNamespace(selector: LabelSelector | undefined, attributes: AdmissionAttributes, store: AdmissionStore): boolean {
  if (!selector) return true;
  const requirements = compile(selector);
  const { resource, namespace, object, old } = attributes;
  if (resource === namespaces) {
    const labels = attributes.subresource || !object ? old?.metadata?.labels ?? store.get(namespaces, undefined, attributes.name)?.metadata?.labels : object.metadata?.labels;
    return matches(requirements, labels);
  }
  if (requirements.length === 0 || !resource.namespaced || !namespace) return true;
  const found = store.get(namespaces, undefined, namespace);
  if (!found) throw newNotFound(namespaces, namespace);
  return matches(requirements, found.metadata?.labels);
}

export function matchesObject(selector: LabelSelector | undefined, { object, old, operation }: AdmissionAttributes): boolean {
  if (!selector) return true;
  const requirements = compile(selector);
  if (requirements.length === 0) return true;
  if (operation === 'CONNECT') return false;
  return (object !== undefined && matches(requirements, object.metadata?.labels)) || (old !== undefined && matches(requirements, old.metadata?.labels));
}
