/** Types of the API group certificates.k8s.io, version v1. */
export type {
  CertificateSigningRequest, CertificateSigningRequestCondition, CertificateSigningRequestSpec,
} from 'kubernetes-types/certificates/v1';
