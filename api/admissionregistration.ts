/** Types of the API group admissionregistration.k8s.io, version v1. */
export type {
  MutatingWebhook, MutatingWebhookConfiguration, RuleWithOperations, ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding, ValidatingWebhook, ValidatingWebhookConfiguration, WebhookClientConfig,
} from 'kubernetes-types/admissionregistration/v1';
