/**
 * The schema table: the wire facts of every message of the Kubernetes API (1.36). Decoding, strategic merge and defaults
 * of merge keys are driven by it. The data is schema.json; messages are compiled on first use and shared.
 *
 * schema.json is keyed by protobuf message (`k8s.io.api.core.v1.Pod`) and protobuf field. JSON differs in three ways, which
 * are resolved here: fields marked `inline` are flattened, `json` renames a field (`-` removes it), and the wrapper types
 * of apimachinery (Quantity, Time, IntOrString ...) are JSON scalars.
 */
import table from './schema.json' with { type: 'json' };

/**
 * How a value looks in JSON. `message` is an object with fields of its own, `stringList` a message whose JSON form is a
 * list of strings, `json` any JSON value.
 */
export type ValueKind =
  | 'string' | 'bool' | 'int32' | 'int64' | 'double' | 'bytes'
  | 'quantity' | 'time' | 'microTime' | 'duration' | 'intOrString' | 'stringList' | 'json' | 'message';

/** A field of a message, under its JSON name. */
export interface SchemaField {
  readonly name: string;
  /** Protobuf field number; of the innermost message where the field was flattened. */
  readonly number: number;
  /** Scalar name or message name, as in the table. */
  readonly type: string;
  readonly kind: ValueKind;
  /** A list of `kind`. */
  readonly list: boolean;
  /** A map from string to `kind`. */
  readonly map: boolean;
  readonly omitEmpty: boolean;
  /** Clients must set it, as OpenAPI's `required` says. */
  readonly required: boolean;
  /** Constants that Kubernetes defines for the field; not always all it accepts. */
  readonly values?: readonly string[];
  readonly listType?: 'atomic' | 'map' | 'set';
  readonly listMapKeys?: readonly string[];
  readonly mapType?: 'atomic' | 'granular';
  readonly patchMergeKey?: string;
  readonly patchMerge: boolean;
  readonly patchRetainKeys: boolean;
  /** `patchStrategy: replace` on an object: a patch replaces it instead of merging. */
  readonly patchReplace: boolean;
}

export interface SchemaMessage {
  /** `k8s.io.api.core.v1.Pod` */
  readonly name: string;
  /** By JSON name. */
  readonly fields: ReadonlyMap<string, SchemaField>;
  /** The JSON form also carries apiVersion and kind, which are no fields of the protobuf message. */
  readonly typeMeta: boolean;
}

interface Row {
  number: number;
  type: string;
  repeated?: boolean;
  map?: string;
  inline?: boolean;
  json?: string;
  omitempty?: boolean;
  optional?: boolean;
  required?: boolean;
  values?: string[];
  listType?: 'atomic' | 'map' | 'set';
  listMapKeys?: string[];
  mapType?: 'atomic' | 'granular';
  patchMergeKey?: string;
  patchStrategy?: string;
}

const rows = table as unknown as Readonly<Record<string, Readonly<Record<string, Row>>>>;
const meta = 'k8s.io.apimachinery.pkg.apis.meta.v1.';

const kinds: Readonly<Record<string, ValueKind>> = {
  string: 'string',
  bool: 'bool',
  int32: 'int32',
  int64: 'int64',
  double: 'double',
  bytes: 'bytes',
  'k8s.io.apimachinery.pkg.api.resource.Quantity': 'quantity',
  'k8s.io.apimachinery.pkg.util.intstr.IntOrString': 'intOrString',
  'k8s.io.apimachinery.pkg.runtime.RawExtension': 'json',
  'k8s.io.api.authentication.v1.AttestationValue': 'stringList',
  'k8s.io.api.authentication.v1.ExtraValue': 'stringList',
  'k8s.io.api.authorization.v1.ExtraValue': 'stringList',
  'k8s.io.api.certificates.v1.ExtraValue': 'stringList',
  [`${meta}Verbs`]: 'stringList',
  [`${meta}FieldsV1`]: 'json',
  [`${meta}Time`]: 'time',
  [`${meta}MicroTime`]: 'microTime',
  [`${meta}Duration`]: 'duration',
};

/** Embedded in Go without a `json:",inline"` that the table shows. */
const flattened = new Set(['k8s.io.api.core.v1.EphemeralContainerCommon']);

/** Have `metadata` but are templates inside another object, so neither apiVersion nor kind. */
const templates = new Set([
  'k8s.io.api.core.v1.PodTemplateSpec',
  'k8s.io.api.core.v1.PersistentVolumeClaimTemplate',
  'k8s.io.api.batch.v1.JobTemplateSpec',
  'k8s.io.api.resource.v1.ResourceClaimTemplateSpec',
]);

const compiled = new Map<string, SchemaMessage>();

/** @returns undefined for a name that is in no row of the table. */
export function findMessage(name: string): SchemaMessage | undefined {
  const known = compiled.get(name);
  if (known) return known;
  if (!Object.hasOwn(rows, name)) return undefined;
  const message = compile(name);
  compiled.set(name, message);
  return message;
}

/** @throws RangeError for a name that is in no row of the table. */
export function messageOf(name: string): SchemaMessage {
  const message = findMessage(name);
  if (!message) throw new RangeError(`the schema table has no message ${name}`);
  return message;
}

/** `v1.Container`: the way Go, and so Kubernetes' error messages, name a message or scalar. */
export function goTypeName(type: string): string {
  return type.split('.').slice(-2).join('.');
}

function compile(name: string): SchemaMessage {
  const fields = new Map<string, SchemaField>();
  collect(name, fields);
  const metadata = fields.get('metadata')?.type;
  const typeMeta = (metadata === `${meta}ObjectMeta` || metadata === `${meta}ListMeta`) && !templates.has(name);
  return { name, fields, typeMeta: typeMeta || /\.meta\.v1\.\w+Options$/.test(name) };
}

function collect(name: string, fields: Map<string, SchemaField>): void {
  for (const [protobufName, row] of Object.entries(rows[name] ?? {})) {
    const jsonName = row.json ?? protobufName;
    if (jsonName === '-') continue;
    if (row.inline || flattened.has(row.type)) collect(row.type, fields);
    else fields.set(jsonName, compileField(jsonName, row));
  }
}

function compileField(name: string, row: Row): SchemaField {
  const strategies = row.patchStrategy?.split(',') ?? [];
  return {
    name,
    number: row.number,
    type: row.type,
    kind: kindOf(row.type),
    list: row.repeated === true,
    map: row.map !== undefined,
    omitEmpty: row.omitempty === true,
    required: row.required === true || (row.optional !== true && row.omitempty !== true),
    ...(row.values ? { values: row.values } : {}),
    ...(row.listType ? { listType: row.listType } : {}),
    ...(row.listMapKeys ? { listMapKeys: row.listMapKeys } : {}),
    ...(row.mapType ? { mapType: row.mapType } : {}),
    ...(row.patchMergeKey ? { patchMergeKey: row.patchMergeKey } : {}),
    patchMerge: strategies.includes('merge'),
    patchRetainKeys: strategies.includes('retainKeys'),
    patchReplace: strategies.includes('replace'),
  };
}

function kindOf(type: string): ValueKind {
  const kind = kinds[type];
  if (kind) return kind;
  if (/\.apiextensions\.v1\.JSON(SchemaPropsOr\w+)?$/.test(type)) return 'json';
  // A message of a version that the table leaves out: kept as it is.
  return Object.hasOwn(rows, type) ? 'message' : 'json';
}
