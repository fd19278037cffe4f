/** Types of the API group authentication.k8s.io, version v1. */
export type {
  BoundObjectReference, SelfSubjectReview, TokenRequest, TokenReview,
} from 'kubernetes-types/authentication/v1';
