/** The selectors of a review: `spec.resourceAttributes.fieldSelector` and `labelSelector`. Follows pkg/apis/authorization/validation. */
import type { FieldError } from '../../../api/errors.ts';
import { parseFieldSelector, type FieldRequirement } from '../../../api/fields.ts';

interface Requirement {
  key?: string;
  operator?: string;
  values?: string[];
}

interface SelectorAttributes {
  rawSelector?: string;
  requirements?: Requirement[];
}

export interface SelectedAttributes {
  fieldSelector?: SelectorAttributes;
  labelSelector?: SelectorAttributes;
}

/** As far as authorizers look at them: what cannot be read narrows nothing, so it allows nothing more. */
export function fieldRequirementsOf(selector: SelectorAttributes | undefined): FieldRequirement[] | undefined {
  if (!selector) return undefined;
  if (selector.rawSelector) {
    try {
      return parseFieldSelector(selector.rawSelector);
    } catch {
      return undefined; // Kubernetes ignores it too.
    }
  }
  return selector.requirements?.flatMap(({ key: field = '', operator, values = [] }) => (
    values.length === 1 && (operator === 'In' || operator === 'NotIn') ? [{ field, equal: operator === 'In', value: values[0]! }] : []));
}

export function selectorErrors(attributes: SelectedAttributes): FieldError[] {
  const path = 'spec.resourceAttributes';
  return [...errorsOf(attributes.fieldSelector, `${path}.fieldSelector`), ...errorsOf(attributes.labelSelector, `${path}.labelSelector`)];
}

function errorsOf(selector: SelectorAttributes | undefined, path: string): FieldError[] {
  if (!selector) return [];
  const { rawSelector = '', requirements = [] } = selector;
  const errors: FieldError[] = [];
  if (rawSelector && requirements.length > 0) {
    errors.push({ reason: 'FieldValueInvalid', field: `${path}.rawSelector`, message: `Invalid value: ${JSON.stringify(rawSelector)}: may not specified at the same time as requirements` });
  }
  if (!rawSelector && requirements.length === 0) errors.push(required(`${path}.requirements`, `when ${path} is specified, requirements or rawSelector is required`));
  return [...errors, ...requirements.flatMap((requirement, index) => requirementErrors(requirement, `${path}.requirements[${index}]`))];
}

/** Operators of newer clients are let through: they only narrow. */
function requirementErrors({ key = '', operator = '', values = [] }: Requirement, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if ((operator === 'In' || operator === 'NotIn') && values.length === 0) errors.push(required(`${path}.values`, "must be specified when `operator` is 'In' or 'NotIn'"));
  if ((operator === 'Exists' || operator === 'DoesNotExist') && values.length > 0) {
    errors.push({ reason: 'FieldValueForbidden', field: `${path}.values`, message: "Forbidden: may not be specified when `operator` is 'Exists' or 'DoesNotExist'" });
  }
  if (key === '') errors.push(required(`${path}.key`, 'must be specified'));
  return errors;
}

function required(field: string, why: string): FieldError {
  return { reason: 'FieldValueRequired', field, message: `Required value: ${why}` };
}
