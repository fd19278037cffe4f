/** Leases. Follows pkg/registry/coordination/lease. */
import type { Lease } from '../../../../api/coordination.ts';
import { leases } from '../../../../api/resources.ts';
import { deepEqual } from '../../deep-equal.ts';
import { sameMetadata } from '../../managed-fields/same-owners.ts';
import { plainStrategy } from '../../strategy.ts';
import type { Strategy } from '../../strategy.ts';
import { validateLease, validateLeaseUpdate } from './validation.ts';

export const leaseStrategy: Strategy<Lease> = {
  ...plainStrategy,
  resource: leases,
  allowCreateOnUpdate: true,
  allowUnconditionalUpdate: false,
  validate: validateLease,
  validateUpdate: validateLeaseUpdate,
  isVolatile: (lease, old) => old !== undefined && isRenewal(lease, old),
};

/** Nothing but spec.renewTime differs, and that it was written: a heartbeat. */
function isRenewal(lease: Lease, old: Lease): boolean {
  return deepEqual({ ...lease.spec, renewTime: '' }, { ...old.spec, renewTime: '' })
    && sameMetadata(lease.metadata, old.metadata);
}
