/** Types of the API group authorization.k8s.io, version v1. */
export type {
  LocalSubjectAccessReview, NonResourceAttributes, ResourceAttributes, SelfSubjectAccessReview, SelfSubjectRulesReview,
  SubjectAccessReview,
} from 'kubernetes-types/authorization/v1';
