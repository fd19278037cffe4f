/** Types of the API group admissionregistration.k8s.io, version v1. */
import type * as published from 'kubernetes-types/admissionregistration/v1';
import type { KubernetesObject } from './meta.ts';

export type {
  AuditAnnotation, MatchCondition, MutatingWebhookConfiguration, ParamKind, ParamRef, ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding,
  ValidatingAdmissionPolicyBindingSpec, ValidatingAdmissionPolicySpec, ValidatingWebhookConfiguration, Validation, Variable, WebhookClientConfig,
} from 'kubernetes-types/admissionregistration/v1';

/** With the fields that the published types forget. */
export interface RuleWithOperations extends published.RuleWithOperations {
  resources?: string[];
  scope?: string;
}

export interface NamedRuleWithOperations extends RuleWithOperations {
  resourceNames?: string[];
}

export interface MatchResources extends published.MatchResources {
  resourceRules?: NamedRuleWithOperations[];
  excludeResourceRules?: NamedRuleWithOperations[];
}

export interface ValidatingWebhook extends published.ValidatingWebhook {
  rules?: RuleWithOperations[];
}

export interface MutatingWebhook extends published.MutatingWebhook {
  rules?: RuleWithOperations[];
}

export interface Mutation {
  /** `ApplyConfiguration`, `JSONPatch` */
  patchType: string;
  applyConfiguration?: { expression?: string };
  jsonPatch?: { expression?: string };
}

export interface MutatingAdmissionPolicySpec {
  paramKind?: published.ParamKind;
  matchConstraints?: MatchResources;
  variables?: published.Variable[];
  mutations?: Mutation[];
  failurePolicy?: string;
  matchConditions?: published.MatchCondition[];
  reinvocationPolicy?: string;
}

/** The published types know it in no version. */
export interface MutatingAdmissionPolicy extends KubernetesObject {
  spec?: MutatingAdmissionPolicySpec;
}

export interface MutatingAdmissionPolicyBinding extends KubernetesObject {
  spec?: { policyName?: string; paramRef?: published.ParamRef; matchResources?: MatchResources };
}
