/** Types of the API group admissionregistration.k8s.io, version v1. */
import type * as published from 'kubernetes-types/admissionregistration/v1';

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
