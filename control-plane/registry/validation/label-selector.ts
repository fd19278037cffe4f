/** metav1.LabelSelector. Follows k8s.io/apimachinery/pkg/apis/meta/v1/validation. */
import type { LabelSelector } from '../../../api/meta.ts';
import { check, forbidden, invalid, required, type FieldError } from './field-errors.ts';
import { labelValue, qualifiedName } from './names.ts';
import { validateLabels } from './object-meta.ts';

export function validateLabelSelector(selector: LabelSelector | undefined, path: string): FieldError[] {
  return [
    ...validateLabels(selector?.matchLabels, `${path}.matchLabels`),
    ...(selector?.matchExpressions ?? []).flatMap((requirement, index) => validateRequirement(requirement, `${path}.matchExpressions[${index}]`)),
  ];
}

type Requirement = Partial<NonNullable<LabelSelector['matchExpressions']>[number]>;

function validateRequirement({ key, operator, values = [] }: Requirement, path: string): FieldError[] {
  const errors: FieldError[] = [];
  switch (operator) {
    case 'In': case 'NotIn':
      if (values.length === 0) errors.push(required(`${path}.values`, "must be specified when `operator` is 'In' or 'NotIn'"));
      break;
    case 'Exists': case 'DoesNotExist':
      if (values.length > 0) errors.push(forbidden(`${path}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"));
      break;
    default:
      errors.push(invalid(`${path}.operator`, operator ?? '', 'not a valid selector operator'));
  }
  errors.push(...check(`${path}.key`, key, qualifiedName));
  return [...errors, ...values.flatMap((value, index) => check(`${path}.values[${index}]`, value, labelValue))];
}

export function isEmptySelector(selector: LabelSelector): boolean {
  return Object.keys(selector.matchLabels ?? {}).length === 0 && (selector.matchExpressions ?? []).length === 0;
}
