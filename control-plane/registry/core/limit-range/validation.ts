/** Validation of LimitRanges, beyond metadata. Follows pkg/apis/core/validation. */
import type { LimitRange } from '../../../../api/core.ts';
import { compareQuantities, parseQuantity } from '../../../../api/quantity.ts';
import { check, duplicate, forbidden, invalid, required, type FieldError } from '../../validation/field-errors.ts';
import { qualifiedName } from '../../validation/names.ts';
import { isOvercommitAllowed, validateContainerResourceName, validateResourceName } from '../../validation/resource-names.ts';

type Limit = Partial<NonNullable<LimitRange['spec']>['limits'][number]>;

const standardTypes = new Set(['Pod', 'Container', 'PersistentVolumeClaim']);

export function validateLimitRange({ spec }: LimitRange): FieldError[] {
  const seen = new Set<string>();
  return (spec?.limits ?? []).flatMap((limit: Limit, index) => {
    const path = `spec.limits[${index}]`;
    const type = limit.type ?? '';
    const repeated = seen.has(type);
    seen.add(type);
    return [...validateType(type, `${path}.type`), ...(repeated ? [duplicate(`${path}.type`, type)] : []), ...validateLimit(limit, path)];
  });
}

function validateType(type: string, field: string): FieldError[] {
  const errors = check(field, type, qualifiedName);
  if (errors.length > 0 || type.includes('/') || standardTypes.has(type)) return errors;
  return [invalid(field, type, 'must be a standard limit type or fully qualified')];
}

function validateLimit(limit: Limit, path: string): FieldError[] {
  const isPod = limit.type === 'Pod';
  const fields = isPod ? ['max', 'min', 'maxLimitRequestRatio'] as const : ['max', 'min', 'default', 'defaultRequest', 'maxLimitRequestRatio'] as const;
  const names = new Set(fields.flatMap((field) => Object.keys(limit[field] ?? {})));
  const errors = fields.flatMap((field) => validateNames(limit, field, path));
  if (isPod) {
    for (const field of ['default', 'defaultRequest'] as const) {
      if (Object.keys(limit[field] ?? {}).length > 0) errors.push(forbidden(`${path}.${field}`, "may not be specified when `type` is 'Pod'"));
    }
  }
  if (limit.type === 'PersistentVolumeClaim' && limit.min?.['storage'] === undefined && limit.max?.['storage'] === undefined) {
    errors.push(required(`${path}.limits`, 'either minimum or maximum storage value is required, but neither was provided'));
  }
  return [...errors, ...[...names].flatMap((name) => validateAmounts(limit, name, path))];
}

function validateNames(limit: Limit, field: 'max' | 'min' | 'default' | 'defaultRequest' | 'maxLimitRequestRatio', path: string): FieldError[] {
  const rule = limit.type === 'Pod' || limit.type === 'Container' ? validateContainerResourceName : validateResourceName;
  return Object.keys(limit[field] ?? {}).flatMap((name) => rule(name, `${path}.${field}[${name}]`));
}

/** min ≤ defaultRequest ≤ default ≤ max, of one resource. */
function validateAmounts(limit: Limit, name: string, path: string): FieldError[] {
  const isPod = limit.type === 'Pod';
  const [min, max, ratio] = [limit.min?.[name], limit.max?.[name], limit.maxLimitRequestRatio?.[name]];
  const [standard, request] = isPod ? [] : [limit.default?.[name], limit.defaultRequest?.[name]];
  const errors: FieldError[] = [];
  const order = (low: string | undefined, high: string | undefined, [field, shown]: readonly [string, string | undefined], [lowText, highText]: readonly [string, string]) => {
    if (low === undefined || high === undefined || compareQuantities(low, high) <= 0) return;
    errors.push(invalid(`${path}.${field}[${name}]`, shown, `${lowText} value ${low} is greater than ${highText} value ${high}`));
  };
  order(min, max, ['min', min], ['min', 'max']);
  order(min, request, ['defaultRequest', request], ['min', 'default request']);
  order(request, max, ['defaultRequest', request], ['default request', 'max']);
  order(request, standard, ['defaultRequest', request], ['default request', 'default limit']);
  order(min, standard, ['default', min], ['min', 'default']);
  order(standard, max, ['default', max], ['default', 'max']);
  if (ratio !== undefined) errors.push(...validateRatio(ratio, { min, max }, `${path}.maxLimitRequestRatio[${name}]`));
  if (!isOvercommitAllowed(name) && standard !== undefined && request !== undefined && compareQuantities(standard, request) !== 0) {
    errors.push(invalid(`${path}.defaultRequest[${name}]`, request, `default value ${standard} must equal to defaultRequest value ${request} in ${name}`));
  }
  return errors;
}

function validateRatio(ratio: string, { min, max }: { min: string | undefined; max: string | undefined }, field: string): FieldError[] {
  const errors = compareQuantities(ratio, '1') < 0 ? [invalid(field, ratio, `ratio ${ratio} is less than 1`)] : [];
  if (min === undefined || max === undefined) return errors;
  const highest = Number(parseQuantity(max)) / Number(parseQuantity(min));
  const given = Number(parseQuantity(ratio)) / 1e9;
  return given > highest ? [...errors, invalid(field, ratio, `ratio ${ratio} is greater than max/min = ${highest.toFixed(6)}`)] : errors;
}
