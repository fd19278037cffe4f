/**
 * Who may approve and sign certificates, and for whom none are made. Follows plugin/pkg/admission/certificates: approval,
 * signing, subjectrestriction.
 */
import type { CertificateSigningRequest } from '../../api/certificates.ts';
import { certificateSigningRequests } from '../../api/resources.ts';
import type { Authorizer } from '../authorization/authorizer.ts';
import { deepEqual } from '../registry/deep-equal.ts';
import { newAdmissionForbidden } from './admission.ts';
import type { AdmissionAttributes, AdmissionPlugin } from './admission.ts';

function maySign(authorizer: Authorizer, { user }: AdmissionAttributes, verb: 'approve' | 'sign', signerName: string): boolean {
  const ask = (name: string): boolean => authorizer.authorize({
    user, isResource: true, verb, group: 'certificates.k8s.io', version: '*', resource: 'signers', subresource: '', name,
  }).decision === 'allow';
  return ask(signerName) || ask(`${signerName.split('/', 1)[0]}/*`);
}

export function createCertificateApproval(authorizer: Authorizer): AdmissionPlugin {
  return {
    name: 'CertificateApproval',
    validate(attributes) {
      if (attributes.operation !== 'UPDATE' || attributes.resource !== certificateSigningRequests || attributes.subresource !== 'approval') return;
      const signer = (attributes.old as CertificateSigningRequest).spec.signerName;
      if (!maySign(authorizer, attributes, 'approve', signer)) throw newAdmissionForbidden(attributes, `user not permitted to approve requests with signerName ${JSON.stringify(signer)}`);
    },
  };
}

export function createCertificateSigning(authorizer: Authorizer): AdmissionPlugin {
  return {
    name: 'CertificateSigning',
    validate(attributes) {
      if (attributes.operation !== 'UPDATE' || attributes.resource !== certificateSigningRequests || attributes.subresource !== 'status') return;
      const old = attributes.old as CertificateSigningRequest;
      const now = attributes.object as CertificateSigningRequest;
      if (now.status?.certificate === old.status?.certificate && deepEqual(now.status?.conditions, old.status?.conditions)) return;
      const signer = old.spec.signerName;
      if (!maySign(authorizer, attributes, 'sign', signer)) throw newAdmissionForbidden(attributes, `user not permitted to sign requests with signerName ${JSON.stringify(signer)}`);
    },
  };
}

const clientSigner = 'kubernetes.io/kube-apiserver-client';

export function createCertificateSubjectRestriction(): AdmissionPlugin {
  return {
    name: 'CertificateSubjectRestriction',
    async review(attributes) {
      if (attributes.operation !== 'CREATE' || attributes.resource !== certificateSigningRequests || attributes.subresource) return;
      const { spec } = attributes.object as CertificateSigningRequest;
      if (spec.signerName !== clientSigner) return;
      await import('reflect-metadata');
      const { Pkcs10CertificateRequest } = await import('@peculiar/x509');
      const request = new Pkcs10CertificateRequest(Buffer.from(spec.request, 'base64').toString('utf8'));
      if (request.subjectName.getField('O').includes('system:masters')) {
        throw newAdmissionForbidden(attributes, `use of ${clientSigner} signer with system:masters group is not allowed`);
      }
    },
  };
}
