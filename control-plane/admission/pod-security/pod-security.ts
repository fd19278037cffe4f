/** Pod Security Standards by labels of the namespace. Follows k8s.io/pod-security-admission/admission. */
import type { Container, Namespace, Pod, PodTemplateSpec } from '../../../api/core.ts';
import { newInvalid, type FieldError } from '../../../api/errors.ts';
import type { KubernetesObject } from '../../../api/meta.ts';
import {
  cronJobs, daemonSets, deployments, jobs, namespaces, podTemplates, pods, replicaSets, replicationControllers, statefulSets, type Resource,
} from '../../../api/resources.ts';
import { addAuditAnnotation, addWarning, newAdmissionForbidden } from '../admission.ts';
import type { AdmissionAttributes, AdmissionPlugin } from '../admission.ts';
import type { AdmissionStore } from '../admission-store.ts';
import { describeViolations, findViolations, type Violation } from './checks.ts';
import { checkedPod, type PodSpec } from './pod-parts.ts';
import { compareLevels, formatLevelVersion, policyOf, privilegedPolicy, sameLevelVersion, type LevelVersion, type Policy } from './policy.ts';

export interface PodSecurityOptions {
  /** What holds where a namespace says nothing. Default: privileged. */
  defaults?: Policy;
  /** Whom the policies do not concern. */
  exemptions?: { usernames?: readonly string[]; namespaces?: readonly string[]; runtimeClasses?: readonly string[] };
}

interface Templated extends KubernetesObject {
  spec?: { template?: PodTemplateSpec; jobTemplate?: { spec?: { template?: PodTemplateSpec } } };
  template?: PodTemplateSpec;
}

const workloads: ReadonlySet<Resource> = new Set<Resource>([
  replicationControllers, podTemplates, replicaSets, deployments, statefulSets, daemonSets, jobs, cronJobs,
]);
const prefix = 'pod-security.kubernetes.io/';
const enforcedKey = `${prefix}enforce-policy`;
/** More are not looked at when a namespace turns stricter. */
const maxPodsToCheck = 3000;

export function createPodSecurity(store: AdmissionStore, { defaults = privilegedPolicy, exemptions = {} }: PodSecurityOptions = {}): AdmissionPlugin {
  const isExempt = ({ namespace = '', user }: AdmissionAttributes, spec?: PodSpec): boolean =>
    !!exemptions.namespaces?.includes(namespace) || !!exemptions.usernames?.includes(user.name)
    || (spec?.runtimeClassName !== undefined && !!exemptions.runtimeClasses?.includes(spec.runtimeClassName));
  const reviewNamespace = (attributes: AdmissionAttributes): void => {
    const namespace = attributes.object as Namespace;
    const old = attributes.old as Namespace | undefined;
    const errors: FieldError[] = [];
    const policy = policyOf(namespace.metadata?.labels, defaults, errors);
    const oldErrors: FieldError[] = [];
    const before = policyOf(old?.metadata?.labels, defaults, oldErrors);
    if (errors.length > 0 && !sameErrors(errors, oldErrors)) throw newInvalid(attributes.resource, namespace.metadata?.name ?? '', errors);
    if (!old || isExempt(attributes) || !turnsStricter(policy.enforce, before.enforce)) return;
    const name = namespace.metadata?.name ?? '';
    for (const warning of describePods(store.list(pods, name), name, policy.enforce)) addWarning(attributes, warning);
  };
  const reviewPod = (attributes: AdmissionAttributes, enforced: boolean, template: { metadata?: KubernetesObject['metadata']; spec?: PodSpec } | undefined): void => {
    if (!template?.spec || isExempt(attributes, template.spec)) return;
    const errors: FieldError[] = [];
    const policy = policyOf(store.get(namespaces, undefined, attributes.namespace ?? '')?.metadata?.labels, defaults, errors);
    if (policy === privilegedPolicy) {
      if (enforced) addAuditAnnotation(attributes, enforcedKey, formatLevelVersion(policy.enforce));
      return;
    }
    if (errors.length > 0) addAuditAnnotation(attributes, `${prefix}error`, `Failed to parse policy: ${describeErrors(errors)}`);
    evaluate({ attributes, policy, enforced, violations: (wanted) => findViolations(wanted, checkedPod(template.metadata, template.spec!)) });
  };
  return {
    name: 'PodSecurity',
    review(attributes) {
      const { operation, resource, subresource, object } = attributes;
      if (operation !== 'CREATE' && operation !== 'UPDATE') return;
      if (resource === pods) {
        if (subresource && subresource !== 'ephemeralcontainers') return;
        if (operation === 'UPDATE' && !changesSignificantly(object as Pod, attributes.old as Pod)) return;
        reviewPod(attributes, true, object);
      } else if (resource === namespaces) {
        if (!subresource) reviewNamespace(attributes);
      } else if (workloads.has(resource) && !subresource) {
        const { spec, template } = object as Templated;
        reviewPod(attributes, false, template ?? spec?.jobTemplate?.spec?.template ?? spec?.template);
      }
    },
  };
}

function describeErrors(errors: readonly FieldError[]): string {
  const texts = errors.map(({ field, message }) => `${field}: ${message}`);
  return texts.length === 1 ? texts[0]! : `[${texts.join(', ')}]`;
}

function sameErrors(errors: readonly FieldError[], others: readonly FieldError[]): boolean {
  return errors.length === others.length && errors.every(({ field, message }, index) => field === others[index]!.field && message === others[index]!.message);
}

function turnsStricter(now: LevelVersion, before: LevelVersion): boolean {
  if (now.level === 'privileged' || sameLevelVersion(now, before)) return false;
  return now.version !== before.version || compareLevels(now.level, before.level) > 0;
}

interface Evaluation {
  attributes: AdmissionAttributes;
  policy: Policy;
  /** Pods are refused; of what makes pods the client is only warned. */
  enforced: boolean;
  violations: (wanted: LevelVersion) => readonly Violation[];
}

function evaluate({ attributes, policy, enforced, violations }: Evaluation): void {
  const found = new Map<string, readonly Violation[]>();
  const findOnce = (wanted: LevelVersion): readonly Violation[] => {
    const key = formatLevelVersion(wanted);
    const known = found.get(key) ?? violations(wanted);
    found.set(key, known);
    return known;
  };
  const describe = (wanted: LevelVersion): string | undefined => {
    const list = findOnce(wanted);
    return list.length === 0 ? undefined : `PodSecurity ${JSON.stringify(formatLevelVersion(wanted))}: ${describeViolations(list)}`;
  };
  const audited = describe(policy.audit);
  if (audited) addAuditAnnotation(attributes, `${prefix}audit-violations`, `would violate ${audited}`);
  if (enforced) addAuditAnnotation(attributes, enforcedKey, formatLevelVersion(policy.enforce));
  const enforcedText = enforced ? describe(policy.enforce) : undefined;
  if (enforcedText) throw newAdmissionForbidden(attributes, `violates ${enforcedText}`);
  const warned = describe(policy.warn);
  if (warned) addWarning(attributes, `would violate ${warned}`);
}

/** Most of a running pod cannot change; these parts can. */
function changesSignificantly(pod: Pod, old: Pod): boolean {
  const containersOf = ({ spec }: Pod): readonly Container[] => [...spec?.containers ?? [], ...spec?.initContainers ?? [], ...spec?.ephemeralContainers ?? []];
  const before = new Map(containersOf(old).map(({ name, image }) => [name, image]));
  const now = containersOf(pod);
  return now.length !== before.size || now.some(({ name, image }) => before.get(name) !== image || !before.has(name));
}

function describePods(existing: readonly Pod[], namespace: string, wanted: LevelVersion): string[] {
  const byReason = new Map<string, string[]>();
  const looked = existing.slice(0, maxPodsToCheck);
  for (const pod of looked) {
    const violations = pod.spec ? findViolations(wanted, checkedPod(pod.metadata, pod.spec)) : [];
    if (violations.length === 0) continue;
    const reasons = violations.map(({ reason }) => reason).join(', ');
    byReason.set(reasons, [...byReason.get(reasons) ?? [], pod.metadata?.name ?? '']);
  }
  const warnings: string[] = [];
  if (looked.length < existing.length) warnings.push(`new PodSecurity enforce level only checked against the first ${looked.length} of ${existing.length} existing pods`);
  if (byReason.size > 0) warnings.push(`existing pods in namespace ${JSON.stringify(namespace)} violate the new PodSecurity enforce level ${JSON.stringify(formatLevelVersion(wanted))}`);
  const lines = [...byReason].map(([reasons, [first, ...others]]) => {
    const more = others.length === 0 ? '' : others.length === 1 ? ' (and 1 other pod)' : ` (and ${others.length} other pods)`;
    return `${first}${more}: ${reasons}`;
  });
  return [...warnings, ...lines.sort()];
}
