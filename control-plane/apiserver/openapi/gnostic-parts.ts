/** Pieces of the protobuf messages of github.com/google/gnostic. */

export type Part = Buffer | undefined;

/** Extensions go as YAML, of which JSON is a part. */
export function extensions(number: number, value: object): Part[] {
  return Object.entries(value).filter(([name]) => name.startsWith('x-'))
    .map(([name, extension]) => field(number, message([text(1, name), field(2, anyValue(extension))])));
}

/** Any JSON value, as YAML. */
export function anyValue(value: unknown): Buffer {
  return message([text(2, `${JSON.stringify(value)}\n`)]);
}

/** A map is a list of name-value messages. */
export function named<T>(number: number, values: Readonly<Record<string, T>>, encode: (value: T) => Buffer): Part[] {
  return Object.entries(values).map(([name, value]) => field(number, message([text(1, name), field(2, encode(value))])));
}

export function message(parts: readonly (Part | '' | false)[]): Buffer {
  return Buffer.concat(parts.filter((part): part is Buffer => Buffer.isBuffer(part)));
}

export function text(number: number, value: string | undefined): Part {
  return value === undefined || value === '' ? undefined : field(number, Buffer.from(value));
}

export function flag(number: number, value: boolean | undefined): Part {
  return value ? Buffer.concat([varint(number << 3), varint(1)]) : undefined;
}

export function field(number: number, bytes: Buffer): Buffer {
  return Buffer.concat([varint((number << 3) | 2), varint(bytes.length), bytes]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 0x7f) {
    bytes.push((rest & 0x7f) | 0x80);
    rest = Math.floor(rest / 128);
  }
  return Buffer.from([...bytes, rest]);
}

export function integer(number: number, value: number | undefined): Part {
  return value ? Buffer.concat([varint(number << 3), varint(value)]) : undefined;
}

export function double(number: number, value: number | undefined): Part {
  if (value === undefined) return undefined;
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return Buffer.concat([varint((number << 3) | 1), bytes]);
}
