/** metav1.Condition. Follows k8s.io/apimachinery/pkg/apis/meta/v1/validation. */
import { check, duplicate, invalid, notSupported, required, tooLong, type FieldError } from './field-errors.ts';
import { qualifiedName } from './names.ts';

interface Condition {
  type?: string;
  status?: string;
  reason?: string;
  message?: string;
  observedGeneration?: number;
  lastTransitionTime?: string;
}

const statuses = ['False', 'True', 'Unknown'];
const maxReasonBytes = 1024;
const maxMessageBytes = 32 * 1024;
const reasonPattern = '[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?';
const reasonMessage = "a condition reason must start with alphabetic character, optionally followed by a string of alphanumeric characters or '_,:', and must end with an alphanumeric character or '_' "
  + `(e.g. 'my_name',  or 'MY_NAME',  or 'MyName',  or 'ReasonA,ReasonB',  or 'ReasonA:ReasonB', regex used for validation is '${reasonPattern}')`;
const reason = new RegExp(`^${reasonPattern}$`);

export function validateConditions(conditions: readonly Condition[], path: string): FieldError[] {
  const seen = new Set<string>();
  return conditions.flatMap((condition, index) => {
    const place = `${path}[${index}]`;
    const type = condition.type ?? '';
    const repeated = seen.has(type);
    seen.add(type);
    return [...(repeated ? [duplicate(`${place}.type`, type)] : []), ...validateCondition(condition, place)];
  });
}

function validateCondition(condition: Condition, path: string): FieldError[] {
  const generation = condition.observedGeneration ?? 0;
  return [
    ...check(`${path}.type`, condition.type, qualifiedName),
    ...(statuses.includes(condition.status ?? '') ? [] : [notSupported(`${path}.status`, condition.status ?? '', statuses)]),
    ...(generation < 0 ? [invalid(`${path}.observedGeneration`, generation, 'must be greater than or equal to zero')] : []),
    ...(condition.lastTransitionTime ? [] : [required(`${path}.lastTransitionTime`, 'must be set')]),
    ...validateReason(condition.reason, `${path}.reason`),
    ...(Buffer.byteLength(condition.message ?? '') > maxMessageBytes ? [tooLong(`${path}.message`, maxMessageBytes)] : []),
  ];
}

function validateReason(text: string | undefined, field: string): FieldError[] {
  if (!text) return [required(field, 'must be set')];
  if (text.length > maxReasonBytes) return [tooLong(field, maxReasonBytes)];
  return reason.test(text) ? [] : [invalid(field, text, reasonMessage)];
}
