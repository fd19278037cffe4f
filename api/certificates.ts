/** Types of the API group certificates.k8s.io, version v1. */
export type {
  CertificateSigningRequest,
} from 'kubernetes-types/certificates/v1';
