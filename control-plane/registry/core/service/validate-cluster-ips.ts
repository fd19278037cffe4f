/** Addresses of Services and their families. Follows pkg/apis/core/validation: ValidateServiceClusterIPsRelatedFields, validateUpgradeDowngrade*. */
import { isIPv6 } from 'node:net';
import type { ServiceSpec } from '../../../../api/core.ts';
import { check, duplicate, invalid, notSupported, required, type FieldError } from '../../validation/field-errors.ts';
import { ipAddress } from '../../validation/ip-addresses.ts';
import { isHeadless, needsClusterIP } from './service-needs.ts';

const families = ['IPv4', 'IPv6'];
const familyPolicies = ['PreferDualStack', 'RequireDualStack', 'SingleStack'];
const fixed = 'may not change once set';

export function validateClusterIPs(spec: ServiceSpec): FieldError[] {
  if (spec.type === 'ExternalName') return [];
  const { ipFamilyPolicy: policy } = spec;
  const errors = [
    ...validateFirst(spec),
    ...validateFamilies(spec.ipFamilies ?? []),
    ...(policy === undefined || familyPolicies.includes(policy) ? [] : [notSupported('spec.ipFamilyPolicy', policy, familyPolicies)]),
  ];
  const badAddresses = validateAddresses(spec.clusterIPs ?? []);
  if (badAddresses.length > 0) return [...errors, ...badAddresses];
  return [...errors, ...validateFamiliesOf(spec, errors.length === 0)];
}

/** clusterIP is the first of clusterIPs, or both are empty. */
function validateFirst({ clusterIP, clusterIPs = [] }: ServiceSpec): FieldError[] {
  const field = 'spec.clusterIPs';
  if (!clusterIP) return clusterIPs.length > 0 ? [invalid(field, clusterIPs, 'must be empty when `clusterIP` is not specified')] : [];
  if (clusterIPs.length === 0) return [required(field)];
  return clusterIPs[0] === clusterIP ? [] : [invalid(field, clusterIPs, 'first value must match `clusterIP`')];
}

function validateFamilies(list: readonly string[]): FieldError[] {
  return list.flatMap((family, index) => [
    ...(families.includes(family) ? [] : [notSupported(`spec.ipFamilies[${index}]`, family, families)]),
    ...(list.indexOf(family) < index ? [duplicate(`spec.ipFamilies[${index}]`, family)] : []),
  ]);
}

function validateAddresses(addresses: readonly string[]): FieldError[] {
  const errors = addresses.flatMap((address, index) => {
    if (index > 0 || address !== 'None') return check(`spec.clusterIPs[${index}]`, address, ipAddress);
    return addresses.length > 1 ? [invalid('spec.clusterIPs', addresses, "'None' must be the first and only value")] : [];
  });
  return addresses.length > 2 ? [...errors, invalid('spec.clusterIPs', addresses, 'may only hold up to 2 values')] : errors;
}

function validateFamiliesOf({ clusterIPs = [], ipFamilies = [] }: ServiceSpec, others: boolean): FieldError[] {
  if (clusterIPs.length > 1 && isIPv6(clusterIPs[0]!) === isIPv6(clusterIPs[1]!)) return [invalid('spec.clusterIPs', clusterIPs, 'may specify no more than one IP for each IP family')];
  if (!others || clusterIPs[0] === 'None') return [];
  return clusterIPs.flatMap((address, index) => {
    const family = ipFamilies[index];
    if (family === undefined || (family === 'IPv6') === isIPv6(address)) return [];
    return [invalid(`spec.clusterIPs[${index}]`, address, `expected an ${family} value as indicated by \`ipFamilies[${index}]\``)];
  });
}

/** Who has learned the address of a Service keeps it, as long as the Service has one at all. */
export function validateClusterIPUpdate(spec: ServiceSpec, old: ServiceSpec): FieldError[] {
  if (!needsClusterIP(spec) || !needsClusterIP(old) || (isHeadless(spec) && isHeadless(old))) return [];
  const { clusterIPs = [] } = spec;
  const { clusterIPs: before = [] } = old;
  if (before.length === 0) return [];
  if (clusterIPs.length === 0) return [invalid('spec.clusterIPs[0]', clusterIPs, 'primary clusterIP can not be unset')];
  const compared = clusterIPs.length === before.length ? before : before.slice(0, 1);
  const errors = compared.flatMap((address, index) => (address === clusterIPs[index] ? [] : [invalid(`spec.clusterIPs[${index}]`, clusterIPs, fixed)]));
  if (before.length > clusterIPs.length && spec.ipFamilyPolicy !== 'SingleStack') {
    errors.push(invalid('spec.ipFamilyPolicy', spec.ipFamilyPolicy, "must be set to 'SingleStack' when releasing the secondary clusterIP"));
  }
  return errors;
}

/** The first family stays; a second one comes and goes. */
export function validateFamiliesUpdate(spec: ServiceSpec, old: ServiceSpec): FieldError[] {
  if (!needsClusterIP(spec) || !needsClusterIP(old) || isHeadless(spec) !== isHeadless(old)) return [];
  if (isHeadless(spec) && Object.keys(spec.selector ?? {}).length === 0) return [];
  const [now, before] = [spec.ipFamilies ?? [], old.ipFamilies ?? []];
  if (now.length === 0 || before.length === 0) return [];
  const compared = now.length === before.length ? before : before.slice(0, 1);
  const errors = compared.flatMap((family, index) => (family === now[index] ? [] : [invalid('spec.ipFamilies[0]', now, fixed)]));
  if (before.length > now.length && spec.ipFamilyPolicy !== 'SingleStack') {
    errors.push(invalid('spec.ipFamilyPolicy', spec.ipFamilyPolicy, "must be set to 'SingleStack' when releasing the secondary ipFamily"));
  }
  return errors;
}
