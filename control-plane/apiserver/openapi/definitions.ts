/** Definitions of OpenAPI from the schema table: the messages that some kinds need, each once. */
import { isAtomicMessage, isGranularField } from '../../../api/field-path/table-field-schema.ts';
import type { Resource } from '../../../api/resources.ts';
import { findMessage, type SchemaField, type SchemaMessage } from '../../../api/schema/schema-table.ts';
import { verbsOf } from '../discovery/resource-facts.ts';
import { isPointerField } from '../protobuf/pointer-fields.ts';
import { isValueField } from '../protobuf/value-fields.ts';
import { customSchemaObject, preservesUnknownFields } from './custom-schema.ts';
import type { DescriptionTable } from './descriptions.ts';
import { discriminatedUnions } from './discriminated-unions.ts';
import { describeEnum, enumOf } from './enum-fields.ts';
import { definitionName, messageNameOf, type GroupVersionKind, type SchemaObject } from './schema-object.ts';

const meta = 'k8s.io.apimachinery.pkg.apis.meta.v1.';
export const listMeta = `${meta}ListMeta`;
export const statusMessage = `${meta}Status`;
export const deleteOptionsMessage = `${meta}DeleteOptions`;
export const patchMessage = `${meta}Patch`;
export const scaleMessage = 'k8s.io.api.autoscaling.v1.Scale';
export const bindingMessage = 'k8s.io.api.core.v1.Binding';
export const evictionMessage = 'k8s.io.api.policy.v1.Eviction';

const customKinds = 'k8s.io.apiextensions_apiserver.pkg.apis.apiextensions.v1.';
/** Lists that have a message of their own, and no definition. */
const stringLists: Readonly<Record<string, SchemaObject>> = Object.fromEntries(
  ['k8s.io.api.authentication.v1.ExtraValue', 'k8s.io.api.authorization.v1.ExtraValue', 'k8s.io.api.certificates.v1.ExtraValue']
    .map((name) => [name, { type: 'array', items: { type: 'string' } }]),
);

/** Messages whose JSON is no object with their fields. */
const scalars: Readonly<Record<string, SchemaObject>> = {
  'k8s.io.apimachinery.pkg.api.resource.Quantity': { type: 'string' },
  'k8s.io.apimachinery.pkg.util.intstr.IntOrString': { type: 'string', format: 'int-or-string' },
  'k8s.io.apimachinery.pkg.runtime.RawExtension': { type: 'object' },
  [`${meta}FieldsV1`]: { type: 'object' },
  [`${meta}Time`]: { type: 'string', format: 'date-time' },
  [`${meta}MicroTime`]: { type: 'string', format: 'date-time' },
  [`${meta}Duration`]: { type: 'string' },
  [`${meta}Patch`]: { type: 'object' },
  // Any JSON value, a schema or a list of them, ...: no type says that.
  [`${customKinds}JSON`]: {},
  [`${customKinds}JSONSchemaPropsOrArray`]: {},
  [`${customKinds}JSONSchemaPropsOrBool`]: {},
  [`${customKinds}JSONSchemaPropsOrStringArray`]: {},
};

/** OpenAPI 2 cannot say that a value has one of two types. */
const unions: Readonly<Record<string, SchemaObject>> = {
  'k8s.io.apimachinery.pkg.api.resource.Quantity': { oneOf: [{ type: 'string' }, { type: 'number' }] },
  'k8s.io.apimachinery.pkg.util.intstr.IntOrString': { format: 'int-or-string', oneOf: [{ type: 'integer' }, { type: 'string' }] },
};

const plainTypes: Readonly<Record<string, SchemaObject>> = {
  string: { type: 'string' },
  bool: { type: 'boolean' },
  int32: { type: 'integer', format: 'int32' },
  int64: { type: 'integer', format: 'int64' },
  double: { type: 'number', format: 'double' },
  bytes: { type: 'string', format: 'byte' },
};

export interface DefinitionsRequest {
  /** Kinds to define, with their lists. */
  resources: readonly Resource[];
  /** Of OpenAPI: 2 has everything under `#/definitions/`, 3 under `#/components/schemas/`, and defaults. */
  version: 2 | 3;
  descriptions: DescriptionTable;
}

export const referencePrefixes = { 2: '#/definitions/', 3: '#/components/schemas/' } as const;

/** @returns by definition name, sorted. */
export function buildDefinitions(request: DefinitionsRequest): Record<string, SchemaObject> {
  const { resources } = request;
  const builder = new DefinitionBuilder(request);
  for (const resource of resources) builder.addKind(resource);
  const gvks = [...new Map(resources.map(({ group, version }) => [`${group}/${version}`, { group, version }])).values()];
  builder.add(statusMessage, [{ group: '', version: 'v1', kind: 'Status' }]);
  builder.add(deleteOptionsMessage, gvks.map((gvk) => ({ ...gvk, kind: 'DeleteOptions' })));
  builder.add(patchMessage);
  return builder.sorted();
}

/** Where Kubernetes' OpenAPI requires others than the schema table says. */
const requiredFields: Readonly<Record<string, readonly string[]>> = {
  'k8s.io.api.apps.v1.ControllerRevision': ['revision'],
  ...Object.fromEntries(['DaemonSet', 'Deployment', 'ReplicaSet', 'StatefulSet'].map((kind) => [`k8s.io.api.apps.v1.${kind}Condition`, ['status', 'type']])),
};

const objectMeta = `${meta}ObjectMeta`;
/** Zero values of Go, where a field is always there. */
const zeroValues: Readonly<Record<string, unknown>> = { string: '', bool: false, int32: 0, int64: 0, double: 0 };

class DefinitionBuilder {
  private readonly version: 2 | 3;
  private readonly descriptions: DescriptionTable;
  private readonly definitions = new Map<string, SchemaObject>();

  constructor({ version, descriptions }: DefinitionsRequest) {
    this.version = version;
    this.descriptions = descriptions;
  }

  sorted(): Record<string, SchemaObject> {
    return Object.fromEntries([...this.definitions].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  addKind(resource: Resource): void {
    const { group, version, kind } = resource;
    const message = messageNameOf(resource);
    if (resource.custom) this.addCustom(resource);
    else this.add(message, [{ group, version, kind }]);
    if (verbsOf(resource).includes('list')) this.addList(resource, message);
    if (resource.subresources.includes('scale')) this.add(scaleMessage, [{ group: 'autoscaling', version: 'v1', kind: 'Scale' }]);
    if (resource.subresources.includes('binding')) this.add(bindingMessage, [{ group: '', version: 'v1', kind: 'Binding' }]);
    if (resource.subresources.includes('eviction')) this.add(evictionMessage, [{ group: 'policy', version: 'v1', kind: 'Eviction' }]);
    if (resource.subresources.includes('token')) this.add('k8s.io.api.authentication.v1.TokenRequest', [{ group: 'authentication.k8s.io', version: 'v1', kind: 'TokenRequest' }]);
  }

  private addList(resource: Resource, message: string): void {
    const { group, version } = resource;
    const kind = resource.custom?.listKind ?? `${resource.kind}List`;
    const gvks = [{ group, version, kind }];
    if (findMessage(`${message}List`)) {
      this.add(`${message}List`, gvks);
      return;
    }
    this.definitions.set(definitionName(`${message}List`), {
      description: `${kind} is a list of ${resource.kind}`,
      type: 'object',
      required: ['items'],
      properties: {
        ...this.typeMeta(),
        items: { description: `List of ${resource.plural}. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md`, type: 'array', items: this.reference(message) },
        metadata: this.described(this.reference(listMeta), 'Standard list metadata. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#types-kinds'),
      },
      'x-kubernetes-group-version-kind': gvks,
    });
  }

  private addCustom(resource: Resource): void {
    const { group, version, kind, custom } = resource;
    const schema = custom?.openAPISchema;
    const objectProperties = {
      ...this.typeMeta(),
      metadata: this.described(this.reference(objectMeta), "Standard object's metadata. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata"),
    };
    // Whoever may have any field is described by nothing at all, or clients would refuse what is not described.
    const open = schema === undefined || (this.version === 2 && preservesUnknownFields(schema));
    const definition: SchemaObject = open ? { type: 'object' } : customSchemaObject(schema, this.version, objectProperties);
    if (!open) definition.properties = { ...definition.properties, ...objectProperties };
    definition['x-kubernetes-group-version-kind'] = [{ group, version, kind }];
    this.definitions.set(definitionName(messageNameOf(resource)), definition);
  }

  add(message: string, kinds?: readonly GroupVersionKind[]): void {
    const name = definitionName(message);
    const present = this.definitions.get(name);
    if (present) {
      if (kinds) present['x-kubernetes-group-version-kind'] = kinds;
      return;
    }
    const description = this.descriptions[message]?.[''];
    const scalar = (this.version === 2 ? undefined : unions[message]) ?? scalars[message];
    const definition: SchemaObject = { ...(description ? { description } : {}), ...(scalar ?? { type: 'object' }) };
    // Before its fields: messages refer to themselves.
    this.definitions.set(name, definition);
    if (scalar) return;
    const known = findMessage(message);
    // A message of a version that the table leaves out.
    if (known) this.fill(definition, known);
    if (isAtomicMessage(message)) definition['x-kubernetes-map-type'] = 'atomic';
    const union = discriminatedUnions[message.split('.').slice(-3).join('.')];
    if (union) definition['x-kubernetes-unions'] = [union];
    if (kinds) definition['x-kubernetes-group-version-kind'] = kinds;
  }

  private fill(definition: SchemaObject, message: SchemaMessage): void {
    const properties: [string, SchemaObject][] = [...message.fields.values()].map((field) => [field.name, this.property(message.name, field)]);
    if (message.typeMeta) properties.push(...Object.entries(this.typeMeta()));
    properties.sort(([a], [b]) => (a < b ? -1 : 1));
    if (properties.length > 0) definition.properties = Object.fromEntries(properties);
    const required = requiredFields[message.name] ?? [...message.fields.values()].filter((field) => field.required).map((field) => field.name).sort();
    if (required.length > 0) definition.required = [...required];
  }

  private typeMeta(): Record<'apiVersion' | 'kind', SchemaObject> {
    const { apiVersion, kind } = this.descriptions[statusMessage] ?? {};
    return {
      apiVersion: { ...(apiVersion ? { description: apiVersion } : {}), type: 'string' },
      kind: { ...(kind ? { description: kind } : {}), type: 'string' },
    };
  }

  private property(message: string, field: SchemaField): SchemaObject {
    const values = enumOf(message, field);
    const property: SchemaObject = field.list ? { type: 'array', items: this.element(field, values) }
      : field.map ? { type: 'object', additionalProperties: this.element(field, values) } : this.single(message, field);
    const strategy = [field.patchReplace && 'replace', field.patchRetainKeys && 'retainKeys', field.patchMerge && 'merge'].filter(Boolean).reverse().join(',');
    if (field.listMapKeys) property['x-kubernetes-list-map-keys'] = field.listMapKeys;
    if (field.listType) property['x-kubernetes-list-type'] = field.listType;
    const mapType = field.mapType ?? (isGranularField(message, field.name) ? 'granular' : undefined);
    if (mapType) property['x-kubernetes-map-type'] = mapType;
    if (field.patchMergeKey) property['x-kubernetes-patch-merge-key'] = field.patchMergeKey;
    if (strategy) property['x-kubernetes-patch-strategy'] = strategy;
    if (!values || field.list || field.map) return this.described(property, this.descriptions[message]?.[field.name]);
    return { ...this.described(property, `${this.descriptions[message]?.[field.name] ?? ''}${describeEnum(values)}`.trimStart()), enum: [...values] };
  }

  private single(message: string, field: SchemaField): SchemaObject {
    const value = this.valueOf(field.type);
    if (this.version === 2) return value;
    const scalar = field.type in zeroValues;
    if (scalar) return field.required && !isPointerField(message, field.name) ? { ...value, default: zeroValues[field.type] } : value;
    return field.kind === 'message' && isValueField(message, field.name) ? { ...value, default: {} } : value;
  }

  private element(field: SchemaField, values: readonly string[] | undefined): SchemaObject {
    const value = { ...this.valueOf(field.type), ...(values ? { enum: [...values] } : {}) };
    if (this.version === 2) return value;
    if (field.type in zeroValues) return { ...value, default: zeroValues[field.type] };
    return field.kind === 'message' ? this.closed({ ...value, default: {} }) : value;
  }

  private described(property: SchemaObject, description: string | undefined): SchemaObject {
    return this.closed(description ? { description, ...property } : property);
  }

  /** OpenAPI 3 ignores what is beside a reference. */
  private closed(property: SchemaObject): SchemaObject {
    const { $ref, ...rest } = property;
    return this.version === 3 && $ref && Object.keys(rest).length > 0 ? { ...rest, allOf: [{ $ref }] } : property;
  }

  private valueOf(type: string): SchemaObject {
    return { ...(plainTypes[type] ?? stringLists[type] ?? this.reference(type)) };
  }

  private reference(message: string): SchemaObject {
    this.add(message);
    return { $ref: `${referencePrefixes[this.version]}${definitionName(message)}` };
  }
}
