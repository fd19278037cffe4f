/** The field schemas of built-in kinds, from the schema table. Each is made on first use and shared. */
import { findMessage, messageOf, type SchemaField, type SchemaMessage } from '../schema/schema-table.ts';
import { deducedSchema, type FieldSchema, type ListSchema, type MapField, type MapSchema, type ScalarSchema } from './field-schema.ts';

const string: ScalarSchema = { kind: 'scalar', type: 'string' };
const boolean: ScalarSchema = { kind: 'scalar', type: 'boolean' };
const numeric: ScalarSchema = { kind: 'scalar', type: 'numeric' };
const untyped: ScalarSchema = { kind: 'scalar', type: 'untyped' };

/** Messages that have one owner as a whole: `+structType=atomic` in Kubernetes' Go types. */
const atomicMessages = new Set([
  'core.v1.ConfigMapKeySelector', 'core.v1.EndpointAddress', 'core.v1.EndpointPort', 'core.v1.FileKeySelector', 'core.v1.LocalObjectReference',
  'core.v1.NodeSelector', 'core.v1.NodeSelectorTerm', 'core.v1.ObjectFieldSelector', 'core.v1.ObjectReference',
  'core.v1.ResourceFieldSelector', 'core.v1.ScopeSelector', 'core.v1.ScopedResourceSelectorRequirement', 'core.v1.SecretKeySelector',
  'core.v1.SecretReference', 'core.v1.TopologySelectorTerm', 'core.v1.TypedLocalObjectReference',
  'meta.v1.LabelSelector', 'meta.v1.OwnerReference', 'rbac.v1.RoleRef', 'rbac.v1.Subject', 'discovery.v1.EndpointPort',
  'autoscaling.v1.CrossVersionObjectReference', 'networking.v1.ServiceBackendPort',
  'admissionregistration.v1.MatchResources', 'admissionregistration.v1.NamedRuleWithOperations', 'admissionregistration.v1.ParamKind',
  'admissionregistration.v1.ParamRef', 'admissionregistration.v1.Variable',
]);

/** Fields whose struct is granular although its message is atomic: `+structType=granular`. */
const granularFields = new Set(['core.v1.PersistentVolumeSpec.claimRef']);

/** Whether the message has one owner as a whole: x-kubernetes-map-type of its definition. */
export function isAtomicMessage(message: string): boolean {
  return atomicMessages.has(shortName(message));
}

/** Whether the field's parts have owners of their own, though its message says otherwise. */
export function isGranularField(message: string, field: string): boolean {
  return granularFields.has(`${shortName(message)}.${field}`);
}

/** Go structs, not pointers, though they have `omitempty`: they are always there. By field name, with the exceptions. */
const structFields = new Set([
  'metadata', 'spec', 'status', 'template', 'strategy', 'updateStrategy', 'resources', 'state', 'lastState', 'source', 'daemonEndpoints',
  'kubeletEndpoint', 'nodeInfo', 'loadBalancer', 'conditions', 'regarding', 'deprecatedSource', 'limitResponse', 'port',
]);
const pointerFields = new Set([
  'core.v1.ReplicationControllerSpec.template', 'core.v1.PodSpec.resources', 'core.v1.PodStatus.resources', 'core.v1.ContainerStatus.resources',
]);

/** Defaults of fields that identify list items. */
const keyDefaults: Readonly<Record<string, unknown>> = { 'core.v1.ContainerPort.protocol': 'TCP', 'core.v1.ServicePort.protocol': 'TCP' };

const schemas = new Map<string, FieldSchema>();

/**
 * @param message key in the schema table, `k8s.io.api.core.v1.Pod`.
 * @throws RangeError for a name that is in no row of the table.
 */
export function tableFieldSchema(message: string): FieldSchema {
  return schemaOfMessage(message, isAtomicMessage(message));
}

function schemaOfMessage(name: string, atomic: boolean): FieldSchema {
  const key = atomic ? `${name} atomic` : name;
  let schema = schemas.get(key);
  if (!schema) {
    schema = new MessageSchema(messageOf(name), atomic);
    schemas.set(key, schema);
  }
  return schema;
}

/** `core.v1.Pod` */
function shortName(message: string): string {
  return message.split('.').slice(-3).join('.');
}

class MessageSchema implements MapSchema {
  readonly kind = 'map';
  readonly atomic: boolean;
  readonly element = undefined;
  private readonly message: SchemaMessage;
  private readonly name: string;
  private readonly fields = new Map<string, MapField | undefined>();

  constructor(message: SchemaMessage, atomic: boolean) {
    this.message = message;
    this.atomic = atomic;
    this.name = shortName(message.name);
  }

  field(name: string): MapField | undefined {
    const known = this.fields.get(name);
    if (known) return known;
    const field = this.message.fields.get(name);
    const made = field ? this.compile(field) : this.typeMeta(name);
    if (made) this.fields.set(name, made);
    return made;
  }

  private typeMeta(name: string): MapField | undefined {
    return this.message.typeMeta && (name === 'apiVersion' || name === 'kind') ? { schema: string } : undefined;
  }

  private compile(field: SchemaField): MapField {
    const path = `${this.name}.${field.name}`;
    const fallback = keyDefaults[path];
    const single = !field.list && !field.map;
    const struct = single && field.kind === 'message' && structFields.has(field.name) && !pointerFields.has(path);
    return {
      schema: schemaOfField(field, path),
      ...(fallback === undefined ? {} : { default: fallback }),
      ...(struct || !field.omitEmpty ? { present: true } : {}),
    };
  }
}

function schemaOfField(field: SchemaField, path: string): FieldSchema {
  const value = schemaOfValue(field, path);
  if (field.map) return { kind: 'map', atomic: field.mapType === 'atomic', field: () => undefined, element: value };
  return field.list ? listSchema(field, value) : value;
}

/** The list type, or what follows from how strategic merge patches merge the list. */
function listSchema(field: SchemaField, item: FieldSchema): ListSchema {
  const type = field.listType ?? (field.patchMerge ? (field.patchMergeKey ? 'map' : 'set') : 'atomic');
  const keys = field.listMapKeys ?? (field.patchMergeKey ? [field.patchMergeKey] : undefined);
  return { kind: 'list', atomic: type === 'atomic' || (type === 'map' && !keys), item, ...(type === 'map' && keys ? { keys } : {}) };
}

function schemaOfValue(field: SchemaField, path: string): FieldSchema {
  switch (field.kind) {
    case 'string': case 'bytes': case 'duration': return string;
    case 'bool': return boolean;
    case 'int32': case 'int64': case 'double': return numeric;
    case 'quantity': case 'intOrString': case 'time': case 'microTime': return untyped;
    case 'stringList': return { kind: 'list', atomic: true, item: string };
    case 'json': return deducedSchema;
    case 'message':
      if (!findMessage(field.type)) return deducedSchema;
      return schemaOfMessage(field.type, isAtomicMessage(field.type) && !granularFields.has(path));
  }
}
