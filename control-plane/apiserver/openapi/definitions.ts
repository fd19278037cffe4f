/** Definitions of OpenAPI from the schema table: the messages that some kinds need, each once. */
import type { Resource } from '../../../api/resources.ts';
import { findMessage, type SchemaField, type SchemaMessage } from '../../../api/schema/schema-table.ts';
import { verbsOf } from '../discovery/resource-facts.ts';
import { definitionName, type GroupVersionKind, type SchemaObject } from './schema-object.ts';

const meta = 'k8s.io.apimachinery.pkg.apis.meta.v1.';
export const listMeta = `${meta}ListMeta`;
export const statusMessage = `${meta}Status`;
export const deleteOptionsMessage = `${meta}DeleteOptions`;
export const patchMessage = `${meta}Patch`;
export const scaleMessage = 'k8s.io.api.autoscaling.v1.Scale';
export const bindingMessage = 'k8s.io.api.core.v1.Binding';
export const evictionMessage = 'k8s.io.api.policy.v1.Eviction';

const customKinds = 'k8s.io.apiextensions_apiserver.pkg.apis.apiextensions.v1.';
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
  ...stringLists,
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
  /** `#/definitions/` or `#/components/schemas/`. */
  referencePrefix: string;
}

/** @returns by definition name, sorted. */
export function buildDefinitions({ resources, referencePrefix }: DefinitionsRequest): Record<string, SchemaObject> {
  const builder = new DefinitionBuilder(referencePrefix);
  for (const resource of resources) builder.addKind(resource);
  const gvks = [...new Map(resources.map(({ group, version }) => [`${group}/${version}`, { group, version }])).values()];
  builder.add(statusMessage, [{ group: '', version: 'v1', kind: 'Status' }]);
  builder.add(deleteOptionsMessage, gvks.map((gvk) => ({ ...gvk, kind: 'DeleteOptions' })));
  builder.add(patchMessage);
  return builder.sorted();
}

class DefinitionBuilder {
  private readonly referencePrefix: string;
  private readonly definitions = new Map<string, SchemaObject>();

  constructor(referencePrefix: string) {
    this.referencePrefix = referencePrefix;
  }

  sorted(): Record<string, SchemaObject> {
    return Object.fromEntries([...this.definitions].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  addKind(resource: Resource): void {
    const { group, version, kind } = resource;
    this.add(resource.schema, [{ group, version, kind }]);
    if (resource.virtual && !verbsOf(resource).includes('list')) return;
    this.definitions.set(definitionName(`${resource.schema}List`), {
      type: 'object',
      required: ['items'],
      properties: {
        apiVersion: { type: 'string' },
        items: { type: 'array', items: this.reference(resource.schema) },
        kind: { type: 'string' },
        metadata: this.reference(listMeta),
      },
      'x-kubernetes-group-version-kind': [{ group, version, kind: `${kind}List` }],
    });
    if (resource.subresources.includes('scale')) this.add(scaleMessage, [{ group: 'autoscaling', version: 'v1', kind: 'Scale' }]);
    if (resource.subresources.includes('binding')) this.add(bindingMessage, [{ group: '', version: 'v1', kind: 'Binding' }]);
    if (resource.subresources.includes('eviction')) this.add(evictionMessage, [{ group: 'policy', version: 'v1', kind: 'Eviction' }]);
    if (resource.subresources.includes('token')) this.add('k8s.io.api.authentication.v1.TokenRequest', [{ group: 'authentication.k8s.io', version: 'v1', kind: 'TokenRequest' }]);
  }

  add(message: string, kinds?: readonly GroupVersionKind[]): void {
    const name = definitionName(message);
    if (this.definitions.has(name)) return;
    const scalar = (this.referencePrefix === '#/definitions/' ? undefined : unions[message]) ?? scalars[message];
    if (scalar) {
      this.definitions.set(name, scalar);
      return;
    }
    const definition: SchemaObject = { type: 'object' };
    // Before its fields: messages refer to themselves.
    this.definitions.set(name, definition);
    const known = findMessage(message);
    // A message of a version that the table leaves out.
    if (known) this.fill(definition, known);
    if (kinds) definition['x-kubernetes-group-version-kind'] = kinds;
  }

  private fill(definition: SchemaObject, message: SchemaMessage): void {
    const properties: [string, SchemaObject][] = [...message.fields.values()].map((field) => [field.name, this.property(field)]);
    if (message.typeMeta) properties.push(['apiVersion', { type: 'string' }], ['kind', { type: 'string' }]);
    properties.sort(([a], [b]) => (a < b ? -1 : 1));
    if (properties.length > 0) definition.properties = Object.fromEntries(properties);
    const required = [...message.fields.values()].filter((field) => field.required).map((field) => field.name).sort();
    if (required.length > 0) definition.required = required;
  }

  private property(field: SchemaField): SchemaObject {
    const value = this.valueOf(field.type);
    const property: SchemaObject = field.list ? { type: 'array', items: value } : field.map ? { type: 'object', additionalProperties: value } : { ...value };
    const strategy = [field.patchReplace && 'replace', field.patchRetainKeys && 'retainKeys', field.patchMerge && 'merge'].filter(Boolean).reverse().join(',');
    if (field.listMapKeys) property['x-kubernetes-list-map-keys'] = field.listMapKeys;
    if (field.listType) property['x-kubernetes-list-type'] = field.listType;
    if (field.mapType) property['x-kubernetes-map-type'] = field.mapType;
    if (field.patchMergeKey) property['x-kubernetes-patch-merge-key'] = field.patchMergeKey;
    if (strategy) property['x-kubernetes-patch-strategy'] = strategy;
    return property;
  }

  private valueOf(type: string): SchemaObject {
    return plainTypes[type] ?? this.reference(type);
  }

  private reference(message: string): SchemaObject {
    this.add(message);
    return { $ref: `${this.referencePrefix}${definitionName(message)}` };
  }
}
