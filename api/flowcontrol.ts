/** Types of the API group flowcontrol.apiserver.k8s.io, version v1. */
export type {
  ExemptPriorityLevelConfiguration, FlowSchema, FlowSchemaSpec, LimitedPriorityLevelConfiguration, LimitResponse, NonResourcePolicyRule,
  PolicyRulesWithSubjects, PriorityLevelConfiguration, PriorityLevelConfigurationSpec, QueuingConfiguration, ResourcePolicyRule, Subject,
} from 'kubernetes-types/flowcontrol/v1';
