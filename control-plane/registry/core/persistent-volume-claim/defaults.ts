/** Defaults of PersistentVolumeClaims. Follows pkg/apis/core/v1/defaults.go. */
import type { PersistentVolumeClaim } from '../../../../api/core.ts';
import type { Writable } from '../../writable.ts';

export function defaultClaim(claim: Writable<PersistentVolumeClaim>): void {
  if (!claim.status?.phase) claim.status = { ...claim.status, phase: 'Pending' };
  defaultClaimSpec(claim.spec ??= {});
}

/** Of claims in templates too. */
export function defaultClaimSpec(spec: NonNullable<PersistentVolumeClaim['spec']>): void {
  spec.volumeMode ??= 'Filesystem';
}
