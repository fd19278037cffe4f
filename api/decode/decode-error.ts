/** What a decoder says of a value that does not fit, in the words of Go's encoding/json, which clients know. */

/** The value cannot become the wanted type. The caller adds which object it is about. */
export class DecodeError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'DecodeError';
  }
}

/** `string`, `number`, `bool`, `array`, `object`: Go's names for what JSON has. */
export function jsonTypeName(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  if (value === null) return 'null';
  return typeof value === 'boolean' ? 'bool' : typeof value;
}

/** Text of an error that names objects as Kubernetes does: `Pod in version "v1" cannot be handled as a Pod: ...`. */
export function cannotBeHandled(actual: { version: string; kind: string }, wantedKind: string, why: string): string {
  return `${actual.kind} in version "${actual.version}" cannot be handled as a ${wantedKind}: ${why}`;
}
