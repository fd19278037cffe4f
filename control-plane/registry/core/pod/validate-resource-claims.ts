/** Devices that a pod claims, and which containers use them. Follows pkg/apis/core/validation: validatePodResourceClaims, validateResourceClaimNames. */
import { check, duplicate, invalid, notFound, required, type FieldError } from '../../validation/field-errors.ts';
import { dnsLabel, dnsSubdomain } from '../../validation/names.ts';

interface Claim {
  name?: string;
  resourceClaimName?: string;
  resourceClaimTemplateName?: string;
}

export function validateResourceClaims(claims: readonly Claim[], path: string): FieldError[] {
  return claims.flatMap((claim, index) => {
    const repeated = claims.findIndex(({ name }) => name === claim.name) < index;
    return [...validateName(claim.name, repeated, `${path}[${index}].name`), ...validateSource(claim, `${path}[${index}]`)];
  });
}

function validateName(name: string | undefined, repeated: boolean, field: string): FieldError[] {
  if (!name) return [required(field)];
  return repeated ? [duplicate(field, name)] : check(field, name, dnsLabel);
}

function validateSource(claim: Claim, path: string): FieldError[] {
  const sources = (['resourceClaimName', 'resourceClaimTemplateName'] as const).filter((field) => claim[field] !== undefined);
  return [
    ...(sources.length === 0 ? [invalid(path, claim, 'must specify one of: `resourceClaimName`, `resourceClaimTemplateName`')] : []),
    ...(sources.length > 1 ? [invalid(path, claim, 'at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified')] : []),
    ...sources.flatMap((field) => check(`${path}.${field}`, claim[field], dnsSubdomain)),
  ];
}

/** @param known of the pod. */
export function validateClaimNames(claims: readonly { name?: string; request?: string }[], path: string, known: ReadonlySet<string>): FieldError[] {
  return claims.flatMap(({ name, request }, index) => {
    const field = `${path}[${index}]`;
    if (!name) return [required(field)];
    const repeated = claims.findIndex((other) => other.name === name && (other.request ?? '') === (request ?? '')) < index;
    if (repeated) return [duplicate(field, name)];
    if (known.has(name)) return [];
    const why = `must be one of the names in pod.spec.resourceClaims which ${known.size === 0 ? 'is empty' : `are: ${[...known].sort().join(', ')}`}`;
    return [{ ...notFound(field, name), message: `Not found: ${JSON.stringify(name)}: ${why}` }];
  });
}
