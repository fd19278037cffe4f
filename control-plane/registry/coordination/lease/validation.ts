/** Validation of Leases, beyond metadata. Follows pkg/apis/coordination/validation. */
import type { Lease } from '../../../../api/coordination.ts';
import { notNegative, positive, type FieldError } from '../../validation/field-errors.ts';

export function validateLease({ spec }: Lease): FieldError[] {
  return [
    ...positive('spec.leaseDurationSeconds', spec?.leaseDurationSeconds),
    ...notNegative('spec.leaseTransitions', spec?.leaseTransitions),
  ];
}

export function validateLeaseUpdate(lease: Lease, _old: Lease): FieldError[] {
  return validateLease(lease);
}
