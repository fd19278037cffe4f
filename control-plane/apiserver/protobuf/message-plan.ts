/** How the messages of the schema table look in protobuf. Compiled on first use and shared. */
import table from '../../../api/schema/schema.json' with { type: 'json' };
import { isPointerField } from './pointer-fields.ts';
import { isValueField } from './value-fields.ts';

interface Row {
  number: number;
  type: string;
  repeated?: boolean;
  map?: string;
  inline?: boolean;
  json?: string;
}

/** How a value is written. `message` follows a plan of its own. */
export type WireKind =
  | 'string' | 'integer' | 'bool' | 'double' | 'bytes' | 'message' | 'time' | 'microTime' | 'duration' | 'quantity' | 'intOrString' | 'raw'
  | 'stringList' | 'schemaOrArray' | 'schemaOrBool' | 'schemaOrStringArray';

export interface WireField {
  /** JSON name. */
  readonly name: string;
  readonly kind: WireKind;
  /** Message of `message`. */
  readonly type: string;
  /** Field number and wire type. */
  readonly tag: number;
  readonly list: boolean;
  readonly map: boolean;
  /** Written though JSON leaves it out: no pointer, list or map in Go. */
  readonly always: boolean;
  /** Its fields are in the JSON object itself. */
  readonly flat: boolean;
}

/** Fields by falling number. */
export type MessagePlan = readonly WireField[];

const messages = table as unknown as Readonly<Record<string, Readonly<Record<string, Row>>>>;
const meta = 'k8s.io.apimachinery.pkg.apis.meta.v1.';
const customKinds = 'k8s.io.apiextensions_apiserver.pkg.apis.apiextensions.v1.';
export const jsonSchemaMessage = `${customKinds}JSONSchemaProps`;

const kinds: Readonly<Record<string, WireKind>> = {
  string: 'string', int32: 'integer', int64: 'integer', bool: 'bool', double: 'double', bytes: 'bytes',
  [`${meta}Time`]: 'time', [`${meta}MicroTime`]: 'microTime', [`${meta}Duration`]: 'duration', [`${meta}Verbs`]: 'stringList', [`${meta}FieldsV1`]: 'raw',
  'k8s.io.apimachinery.pkg.api.resource.Quantity': 'quantity',
  'k8s.io.apimachinery.pkg.util.intstr.IntOrString': 'intOrString',
  'k8s.io.apimachinery.pkg.runtime.RawExtension': 'raw',
  'k8s.io.api.authentication.v1.ExtraValue': 'stringList',
  'k8s.io.api.authorization.v1.ExtraValue': 'stringList',
  'k8s.io.api.certificates.v1.ExtraValue': 'stringList',
  [`${customKinds}JSON`]: 'raw',
  [`${customKinds}JSONSchemaPropsOrArray`]: 'schemaOrArray',
  [`${customKinds}JSONSchemaPropsOrBool`]: 'schemaOrBool',
  [`${customKinds}JSONSchemaPropsOrStringArray`]: 'schemaOrStringArray',
};

const wireTypes: Partial<Record<WireKind, number>> = { integer: 0, bool: 0, double: 1 };
const flattened = 'k8s.io.api.core.v1.EphemeralContainerCommon';
const plans = new Map<string, MessagePlan>();

/** @returns no fields for a message that the table leaves out. */
export function planOf(message: string): MessagePlan {
  let plan = plans.get(message);
  if (!plan) {
    plan = Object.entries(messages[message] ?? {}).filter(([, row]) => row.json !== '-').map(([name, row]) => compile(message, name, row)).sort((a, b) => b.tag - a.tag);
    plans.set(message, plan);
  }
  return plan;
}

export function hasMessage(message: string): boolean {
  return Object.hasOwn(messages, message);
}

function compile(message: string, protobufName: string, row: Row): WireField {
  const name = row.json ?? protobufName;
  const kind = kinds[row.type] ?? 'message';
  const list = row.repeated === true;
  const map = row.map !== undefined;
  const flat = row.inline === true || row.type === flattened;
  const scalar = !row.type.includes('.');
  const always = !list && !map && (scalar ? row.type !== 'bytes' && !isPointerField(message, name) : flat || isValueField(message, name));
  return { name, kind, type: row.type, tag: row.number * 8 + (map ? 2 : wireTypes[kind] ?? 2), list, map, always, flat };
}
