/** audit.k8s.io/v1 Policy: which requests are written down, and how much of them. Follows k8s.io/apiserver/pkg/audit/policy. */
import { newBadRequest } from '../../api/errors.ts';
import type { UserInfo } from '../registry/registry.ts';

export type AuditLevel = 'None' | 'Metadata' | 'Request' | 'RequestResponse';
export type AuditStage = 'RequestReceived' | 'ResponseStarted' | 'ResponseComplete' | 'Panic';

interface PolicyRule {
  level: AuditLevel;
  users?: string[];
  userGroups?: string[];
  verbs?: string[];
  resources?: { group?: string; resources?: string[]; resourceNames?: string[] }[];
  namespaces?: string[];
  nonResourceURLs?: string[];
  omitStages?: AuditStage[];
  omitManagedFields?: boolean;
}

export interface AuditPolicy {
  rules: PolicyRule[];
  omitStages: AuditStage[];
  /** Of rules that do not say. */
  omitManagedFields: boolean;
}

/** What the policy asks for. */
export interface AuditDecision {
  level: AuditLevel;
  omitStages: readonly AuditStage[];
  omitManagedFields: boolean;
}

export interface AuditedRequest {
  user: UserInfo;
  verb: string;
  path: string;
  /** undefined for paths that are no resource. */
  resource?: { group: string; resource: string; subresource: string; namespace?: string | undefined; name?: string | undefined };
}

const levels: readonly string[] = ['None', 'Metadata', 'Request', 'RequestResponse'];
const stages: readonly string[] = ['RequestReceived', 'ResponseStarted', 'ResponseComplete', 'Panic'];

/** @throws StatusError BadRequest that says what is wrong with the file. */
export function parseAuditPolicy(document: unknown): AuditPolicy {
  const { kind, apiVersion, rules, omitStages = [], omitManagedFields = false } = (document ?? {}) as { [field: string]: unknown };
  if (kind !== 'Policy' || apiVersion !== 'audit.k8s.io/v1') throw newBadRequest('the audit policy is no Policy of audit.k8s.io/v1');
  if (!Array.isArray(rules) || rules.length === 0) throw newBadRequest('the audit policy has no rules');
  for (const [index, rule] of rules.entries()) {
    const { level, omitStages: omitted = [], resources, nonResourceURLs } = (rule ?? {}) as Partial<PolicyRule>;
    if (!level || !levels.includes(level)) throw newBadRequest(`rules[${index}].level of the audit policy must be one of ${levels.join(', ')}`);
    checkStages(`rules[${index}].omitStages`, omitted);
    if (resources?.length && nonResourceURLs?.length) throw newBadRequest(`rules[${index}] of the audit policy cannot apply to both regular resources and non-resource URLs`);
  }
  checkStages('omitStages', omitStages);
  return { rules: rules as PolicyRule[], omitStages: omitStages as AuditStage[], omitManagedFields: omitManagedFields === true };
}

function checkStages(field: string, value: unknown): void {
  if (!Array.isArray(value) || value.some((stage) => !stages.includes(stage as string))) throw newBadRequest(`${field} of the audit policy may name ${stages.join(', ')}`);
}

/** The first rule that matches decides; where none does, nothing is written. */
export function auditLevelOf(policy: AuditPolicy, request: AuditedRequest): AuditDecision {
  const rule = policy.rules.find((candidate) => matches(candidate, request));
  if (!rule) return { level: 'None', omitStages: [], omitManagedFields: false };
  return { level: rule.level, omitStages: [...policy.omitStages, ...rule.omitStages ?? []], omitManagedFields: rule.omitManagedFields ?? policy.omitManagedFields };
}

function matches(rule: PolicyRule, { user, verb, path, resource }: AuditedRequest): boolean {
  if (rule.users?.length && !rule.users.includes(user.name)) return false;
  if (rule.userGroups?.length && !rule.userGroups.some((group) => user.groups.includes(group))) return false;
  if (rule.verbs?.length && !rule.verbs.includes(verb)) return false;
  if (rule.namespaces?.length || rule.resources?.length) return resource !== undefined && matchesResource(rule, resource);
  if (rule.nonResourceURLs?.length) return resource === undefined && rule.nonResourceURLs.some((pattern) => matchesPath(pattern, path));
  return true;
}

function matchesPath(pattern: string, path: string): boolean {
  return pattern === '*' || pattern === path || (pattern.endsWith('*') && path.startsWith(pattern.slice(0, -1)));
}

function matchesResource({ namespaces, resources }: PolicyRule, wanted: NonNullable<AuditedRequest['resource']>): boolean {
  if (namespaces?.length && !namespaces.includes(wanted.namespace ?? '')) return false;
  if (!resources?.length) return true;
  const full = wanted.subresource ? `${wanted.resource}/${wanted.subresource}` : wanted.resource;
  return resources.some(({ group = '', resources: names = [], resourceNames = [] }) => {
    if (group !== wanted.group) return false;
    if (names.length === 0) return true;
    if (resourceNames.length > 0 && !resourceNames.includes(wanted.name ?? '')) return false;
    // `pods/*` is the pods too.
    return names.some((name) => name === full || name === '*' || name === `${wanted.resource}/*` || (wanted.subresource !== '' && name === `*/${wanted.subresource}`));
  });
}
