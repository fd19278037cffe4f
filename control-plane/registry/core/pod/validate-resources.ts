/** Requests and limits of containers. Follows pkg/apis/core/validation: ValidateResourceRequirements. */
import type { ResourceRequirements } from './pod-parts.ts';
import { compareQuantities, parseQuantity } from '../../../../api/quantity.ts';
import { forbidden, invalid, required, type FieldError } from '../../validation/field-errors.ts';
import { isOvercommitAllowed, validateContainerResourceName, validateResourceAmount } from '../../validation/resource-names.ts';

type Amounts = Readonly<Record<string, string>>;

const hugePages = 'hugepages-';
const one = parseQuantity('1');

export function validateResources(resources: ResourceRequirements | undefined, path: string): FieldError[] {
  if (!resources) return [];
  const { limits = {}, requests = {} } = resources;
  const errors = [
    ...Object.entries(limits).flatMap(([name, amount]) => validateAmount(name, amount, `${path}.limits[${name}]`)),
    ...Object.entries(requests).flatMap(([name, amount]) => [...validateAmount(name, amount, `${path}.requests[${name}]`), ...validateRequest(name, amount, limits, path)]),
  ];
  const names = [...Object.keys(limits), ...Object.keys(requests)];
  if (names.some((name) => name.startsWith(hugePages)) && !names.includes('cpu') && !names.includes('memory')) errors.push(forbidden(path, 'HugePages require cpu or memory'));
  return errors;
}

/** What cannot be shared out twice is asked for exactly as far as it may be used. */
function validateRequest(name: string, request: string, limits: Amounts, path: string): FieldError[] {
  const limit = limits[name];
  const shared = isOvercommitAllowed(name);
  if (limit === undefined) return shared ? [] : [required(`${path}.limits`, 'Limit must be set for non overcommitable resources')];
  const order = compareQuantities(request, limit);
  if (!shared && order !== 0) return [invalid(`${path}.requests`, request, `must be equal to ${name} limit of ${limit}`)];
  return order > 0 ? [invalid(`${path}.requests`, request, `must be less than or equal to ${name} limit of ${limit}`)] : [];
}

function validateAmount(name: string, amount: string, field: string): FieldError[] {
  return [
    ...validateContainerResourceName(name, field),
    ...validateResourceAmount(name, amount, field),
    ...(name.startsWith(hugePages) && !isWholePages(name, amount) ? [invalid(field, amount, `${amount} is not positive integer multiple of ${name}`)] : []),
  ];
}

function isWholePages(name: string, amount: string): boolean {
  const text = name.slice(hugePages.length);
  if (!/^\d+(?:[kMGTPE]|[KMGTPE]i)?$/.test(text)) return false;
  const page = parseQuantity(text);
  return page > 0n && page % one === 0n && parseQuantity(amount) % page === 0n;
}
