/** Requests and limits of containers. Follows pkg/apis/core/validation. */
import type { ResourceRequirements } from './pod-parts.ts';
import { compareQuantities, parseQuantity } from '../../../../api/quantity.ts';
import { check, forbidden, invalid, notNegativeMessage, type FieldError } from '../../validation/field-errors.ts';
import { qualifiedName } from '../../validation/names.ts';

const containerResources = new Set(['cpu', 'memory', 'ephemeral-storage']);
const one = parseQuantity('1');

/** Counted in whole units and never overcommitted: everything that is not Kubernetes' own. */
function isExtended(name: string): boolean {
  return name.includes('/') && !/(^|\.)kubernetes\.io\//.test(name) && !name.startsWith('requests.');
}

function isHugePages(name: string): boolean {
  return name.startsWith('hugepages-');
}

export function validateResources(resources: ResourceRequirements | undefined, path: string): FieldError[] {
  const { limits = {}, requests = {} } = resources ?? {};
  const errors = [...validateAmounts(limits, `${path}.limits`), ...validateAmounts(requests, `${path}.requests`)];
  if (errors.length > 0) return errors;
  for (const [name, request] of Object.entries(requests)) {
    const limit = limits[name];
    if (limit === undefined) {
      if (isExtended(name) || isHugePages(name)) errors.push({ reason: 'FieldValueRequired', field: `${path}.limits`, message: 'Required value: Limit must be set for non overcommitable resources' });
    } else if ((isExtended(name) || isHugePages(name)) && compareQuantities(request, limit) !== 0) {
      errors.push(invalid(`${path}.requests`, request, `must be equal to ${name} limit of ${limit}`));
    } else if (compareQuantities(request, limit) > 0) {
      errors.push(invalid(`${path}.requests`, request, `must be less than or equal to ${name} limit of ${limit}`));
    }
  }
  const names = [...Object.keys(limits), ...Object.keys(requests)];
  if (names.some(isHugePages) && !names.includes('cpu') && !names.includes('memory')) errors.push(forbidden(path, 'HugePages require cpu or memory'));
  return errors;
}

function validateAmounts(amounts: Readonly<Record<string, string>>, path: string): FieldError[] {
  return Object.entries(amounts).flatMap(([name, amount]) => [
    ...validateName(name, path),
    ...validateAmount(name, amount, `${path}[${name}]`),
  ]);
}

function validateName(name: string, path: string): FieldError[] {
  const errors = check(path, name, qualifiedName);
  if (errors.length > 0 || name.includes('/') || containerResources.has(name) || isHugePages(name)) return errors;
  return [invalid(path, name, 'must be a standard resource type or fully qualified'), invalid(path, name, 'must be a standard resource for containers')];
}

/** Of any list of resources: capacities of a node too. */
export function validateAmount(name: string, amount: string, field: string): FieldError[] {
  const value = parseQuantity(amount);
  if (value < 0n) return [invalid(field, amount, notNegativeMessage)];
  return isExtended(name) && value % one !== 0n ? [invalid(field, amount, 'must be an integer')] : [];
}
