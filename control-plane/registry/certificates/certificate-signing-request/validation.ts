/** Validation of CertificateSigningRequests, beyond metadata. Follows pkg/apis/certificates/validation. */
import { X509Certificate } from 'node:crypto';
import type { CertificateSigningRequest, CertificateSigningRequestCondition, CertificateSigningRequestSpec } from '../../../../api/certificates.ts';
import { deepEqual } from '../../deep-equal.ts';
import { signerName } from '../../validation/domain-names.ts';
import { duplicate, forbidden, invalid, notSupported, required, type FieldError } from '../../validation/field-errors.ts';
import { requestProblem } from './parse-request.ts';

const legacySigner = 'kubernetes.io/legacy-unknown';
const shortestSeconds = 600;
const usages = [
  'any', 'cert sign', 'client auth', 'code signing', 'content commitment', 'crl sign', 'data encipherment', 'decipher only', 'digital signature',
  'email protection', 'encipher only', 'ipsec end system', 'ipsec tunnel', 'ipsec user', 'key agreement', 'key encipherment', 'microsoft sgc',
  'netscape sgc', 'ocsp signing', 's/mime', 'server auth', 'signing', 'timestamping',
];
/** Conditions that are either there and True, or not there. */
const onlyTrue = ['Approved', 'Denied', 'Failed'];
const allStatuses = ['False', 'True', 'Unknown'];
const conditionsPath = 'status.conditions';

type Request = CertificateSigningRequest;

export function validateRequest(request: Request): FieldError[] {
  return [...validateSpec(request.spec), ...validateConditions(conditionsOf(request)), ...validateCertificate(request.status?.certificate)];
}

function conditionsOf(request: Request): readonly CertificateSigningRequestCondition[] {
  return request.status?.conditions ?? [];
}

function validateSpec(given: Partial<CertificateSigningRequestSpec> | undefined): FieldError[] {
  const { request = '', usages: wanted = [], signerName: signer, expirationSeconds } = given ?? {};
  const problem = requestProblem(request);
  const errors = problem === undefined ? [] : [invalid('spec.request', request, problem)];
  if (wanted.length === 0) errors.push(required('spec.usages'));
  wanted.forEach((usage, index) => {
    if (!usages.includes(usage)) errors.push(notSupported(`spec.usages[${index}]`, usage, usages));
  });
  wanted.forEach((usage, index) => {
    if (wanted.indexOf(usage) < index) errors.push(duplicate(`spec.usages[${index}]`, usage));
  });
  if (signer === legacySigner) errors.push(invalid('spec.signerName', signer, 'the legacy signerName is not allowed via this API version'));
  else errors.push(...signerName('spec.signerName', signer));
  if (expirationSeconds !== undefined && expirationSeconds < shortestSeconds) {
    errors.push(invalid('spec.expirationSeconds', expirationSeconds, 'may not specify a duration less than 600 seconds (10 minutes)'));
  }
  return errors;
}

function validateConditions(conditions: readonly Partial<CertificateSigningRequestCondition>[]): FieldError[] {
  const seen = new Set<string>();
  return conditions.flatMap(({ type = '', status }, index) => {
    const path = `${conditionsPath}[${index}]`;
    const allowed = onlyTrue.includes(type) ? ['True'] : allStatuses;
    const errors = type ? [] : [required(`${path}.type`)];
    if (!status) errors.push(required(`${path}.status`));
    else if (!allowed.includes(status)) errors.push(notSupported(`${path}.status`, status, allowed));
    if ((type === 'Approved' && seen.has('Denied')) || (type === 'Denied' && seen.has('Approved'))) {
      errors.push(invalid(conditionsPath, type, 'Approved and Denied conditions are mutually exclusive'));
    }
    if (seen.has(type)) errors.push(duplicate(`${path}.type`, type));
    seen.add(type);
    return errors;
  });
}

const pemBlocks = /-----BEGIN ([^-]+)-----[\s\S]*?-----END \1-----/g;

function validateCertificate(certificate: string | undefined): FieldError[] {
  if (!certificate) return [];
  const problem = certificateProblem(Buffer.from(certificate, 'base64').toString('latin1'));
  return problem === undefined ? [] : [invalid('status.certificate', '<certificate data>', problem)];
}

function certificateProblem(text: string): string | undefined {
  const blocks = [...text.matchAll(pemBlocks)];
  if (blocks.length === 0) return 'must contain at least one CERTIFICATE PEM block';
  for (const [block, type] of blocks) {
    if (type !== 'CERTIFICATE') return `only CERTIFICATE PEM blocks are allowed, found ${JSON.stringify(type)}`;
    try {
      new X509Certificate(block);
    } catch {
      // OpenSSL's words say nothing to a user.
      return 'x509: malformed certificate';
    }
  }
  return undefined;
}

/** What this way of updating may do that others may not. */
interface Permissions {
  approve?: boolean;
  issue?: boolean;
}

export function validateRequestUpdate(request: Request, old: Request, may: Permissions = {}): FieldError[] {
  // The spec never changes, so it is not checked again.
  const errors = validateConditions(conditionsOf(request));
  const [certificate, before] = [request.status?.certificate ?? '', old.status?.certificate ?? ''];
  if (certificate !== before) errors.push(...validateCertificate(certificate));
  errors.push(...onlyTrue.filter((type) => ofType(request, type).length < ofType(old, type).length)
    .map((type) => forbidden(conditionsPath, `updates may not remove a condition of type ${JSON.stringify(type)}`)));
  if (!may.approve) errors.push(...['Approved', 'Denied'].flatMap((type) => validateUntouched(type, request, old)));
  if (certificate === before) return errors;
  if (!may.issue) return [...errors, forbidden('status.certificate', 'updates may not set certificate content')];
  return before ? [...errors, forbidden('status.certificate', 'updates may not modify existing certificate content')] : errors;
}

function ofType(request: Request, type: string): CertificateSigningRequestCondition[] {
  return conditionsOf(request).filter((condition) => condition.type === type);
}

function validateUntouched(type: string, request: Request, old: Request): FieldError[] {
  const [now, before] = [ofType(request, type), ofType(old, type)];
  if (now.length > before.length) return [forbidden(conditionsPath, `updates may not add a condition of type ${JSON.stringify(type)}`)];
  return now.length < before.length || deepEqual(now, before) ? [] : [forbidden(conditionsPath, `updates may not modify a condition of type ${JSON.stringify(type)}`)];
}
