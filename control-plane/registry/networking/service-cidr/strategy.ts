/** ServiceCIDRs. Follows pkg/registry/networking/servicecidr and pkg/apis/networking/validation. */
import { isIPv4 } from 'node:net';
import type { ServiceCIDR } from '../../../../api/networking.ts';
import { serviceCIDRs } from '../../../../api/resources.ts';
import type { Strategy } from '../../strategy.ts';
import { createUncountedStrategy } from '../../uncounted-strategy.ts';
import { check, invalid, required, type FieldError } from '../../validation/field-errors.ts';
import { strictBlock } from '../../validation/strict-addresses.ts';

const path = 'spec.cidrs';
const fixed = 'field is immutable';

export const serviceCidrStrategy: Strategy<ServiceCIDR> = createUncountedStrategy<ServiceCIDR>(serviceCIDRs, {
  validate: (object) => validateCidrs(object.spec?.cidrs ?? []),
  validateUpdate: ({ spec }, old) => validateCidrsUpdate(spec?.cidrs ?? [], old.spec?.cidrs ?? []),
});

function validateCidrs(cidrs: readonly string[]): FieldError[] {
  if (cidrs.length === 0) return [required(path, 'at least one CIDR required')];
  if (cidrs.length > 2) return [invalid(path, { CIDRs: cidrs }, 'may only hold up to 2 values')];
  const errors = cidrs.flatMap((cidr, index) => check(`${path}[${index}]`, cidr, strictBlock));
  const [first, second] = cidrs.map((cidr) => isIPv4(cidr.split('/', 1)[0]!));
  if (cidrs.length === 2 && errors.length === 0 && first === second) {
    errors.push(invalid(path, cidrs, 'may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64'));
  }
  return errors;
}

/** A second family may be added; nothing else changes. */
function validateCidrsUpdate(cidrs: readonly string[], old: readonly string[]): FieldError[] {
  if (cidrs.length === old.length) return cidrs.flatMap((cidr, index) => (cidr === old[index] ? [] : [invalid(`${path}[${index}]`, cidr, fixed)]));
  if (old.length !== 1 || cidrs.length !== 2) return [invalid(path, cidrs, fixed)];
  return [...(cidrs[0] === old[0] ? [] : [invalid(`${path}[0]`, cidrs[0], fixed)]), ...validateCidrs(cidrs)];
}
