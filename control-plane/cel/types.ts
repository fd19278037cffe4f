/** The types of CEL, as the checker of an expression sees them. */

export type CelType =
  | { readonly kind: 'dyn' | 'int' | 'uint' | 'double' | 'bool' | 'string' | 'bytes' | 'null' | 'timestamp' | 'duration' | 'type' | 'intOrString' }
  | { readonly kind: 'list'; readonly element: CelType }
  | { readonly kind: 'map'; readonly key: CelType; readonly value: CelType }
  | { readonly kind: 'optional'; readonly value: CelType }
  | { readonly kind: 'object'; readonly name: string; readonly fields: ReadonlyMap<string, CelType>; /** May have any other field too. */ readonly open?: boolean }
  /** Types with functions only: `url`, `kubernetes.Quantity`, `net.IP`, `net.CIDR`, `kubernetes.Format`, `kubernetes.authorization.*`. */
  | { readonly kind: 'opaque'; readonly name: string };

export const dyn: CelType = { kind: 'dyn' };
export const int: CelType = { kind: 'int' };
export const uint: CelType = { kind: 'uint' };
export const double: CelType = { kind: 'double' };
export const bool: CelType = { kind: 'bool' };
export const string: CelType = { kind: 'string' };
export const bytes: CelType = { kind: 'bytes' };
export const nullType: CelType = { kind: 'null' };
export const timestamp: CelType = { kind: 'timestamp' };
export const duration: CelType = { kind: 'duration' };
export const typeType: CelType = { kind: 'type' };
export const listOf = (element: CelType): CelType => ({ kind: 'list', element });
export const mapOf = (key: CelType, value: CelType): CelType => ({ kind: 'map', key, value });
export const optionalOf = (value: CelType): CelType => ({ kind: 'optional', value });
export const opaque = (name: string): CelType => ({ kind: 'opaque', name });

/** As cel-go prints it: `list(string)`, `map(string, int)`. */
export function formatType(type: CelType): string {
  switch (type.kind) {
    case 'list': return `list(${formatType(type.element)})`;
    case 'map': return `map(${formatType(type.key)}, ${formatType(type.value)})`;
    case 'optional': return `optional_type(${formatType(type.value)})`;
    case 'object':
    case 'opaque': return type.name;
    case 'null': return 'null_type';
    case 'timestamp': return 'google.protobuf.Timestamp';
    case 'duration': return 'google.protobuf.Duration';
    case 'intOrString': return 'dyn';
    default: return type.kind;
  }
}

/** Whether a value of one type may stand where the other is asked for. */
export function isAssignable(wanted: CelType, given: CelType): boolean {
  if (isDynamic(wanted) || isDynamic(given)) return true;
  if (given.kind === 'null') return wanted.kind === 'null' || wanted.kind === 'object' || wanted.kind === 'opaque' || wanted.kind === 'timestamp' || wanted.kind === 'duration';
  if (wanted.kind === 'list') return given.kind === 'list' && isAssignable(wanted.element, given.element);
  if (wanted.kind === 'map') return given.kind === 'map' && isAssignable(wanted.key, given.key) && isAssignable(wanted.value, given.value);
  if (wanted.kind === 'optional') return given.kind === 'optional' && isAssignable(wanted.value, given.value);
  if (wanted.kind === 'object' || wanted.kind === 'opaque') return given.kind === wanted.kind && given.name === wanted.name;
  return wanted.kind === given.kind;
}

export function isDynamic(type: CelType): boolean {
  return type.kind === 'dyn' || type.kind === 'intOrString';
}
