/**
 * Strategic merge patch: a merge patch that knows from the schema table which lists merge by a key and which are replaced.
 * Semantics of k8s.io/apimachinery/pkg/util/strategicpatch, with its directives:
 *
 *   $patch: replace | delete             on an object, or on an element of a merged list
 *   $retainKeys: [names]                 fields not named are removed
 *   $deleteFromPrimitiveList/x: [values] removed from the merged list x
 *   $setElementOrder/x: [keys]           order of the merged list x
 */
import { messageOf, type SchemaField } from '../schema/schema-table.ts';
import { mergeList, reorderList, type ElementMerge } from './merge-list.ts';
import { checkObjectPatch, inapplicablePatch, isJsonObject, malformedPatch, setProperty, type JsonObject } from './patch-error.ts';

const orderPrefix = '$setElementOrder/';
const deletePrefix = '$deleteFromPrimitiveList/';

/** The field behind a key, where the schema knows it. */
type FieldLookup = (key: string) => SchemaField | undefined;

/**
 * @param original not changed; the result shares what the patch does not touch.
 * @param patch the parsed body.
 * @param schema message of the object in the schema table, `k8s.io.api.core.v1.Pod`.
 * @throws StatusError BadRequest or Invalid.
 */
export function applyStrategicMergePatch(original: object, patch: unknown, schema: string): object {
  const { fields } = messageOf(schema);
  return mergeObject(original as JsonObject, checkObjectPatch(patch), (key) => fields.get(key));
}

function mergeObject(original: JsonObject, patch: JsonObject, lookup: FieldLookup): JsonObject {
  if (Object.hasOwn(patch, '$patch')) return applyObjectDirective(patch, lookup);
  const result = retainKeys(original, patch);
  for (const [key, value] of Object.entries(patch)) {
    if (key === '$retainKeys' || key.startsWith(deletePrefix)) continue;
    if (key.startsWith(orderPrefix)) applyOrder(result, patch, key, lookup);
    else if (value === null) Reflect.deleteProperty(result, key);
    else if (!Object.hasOwn(patch, orderPrefix + key)) setProperty(result, key, mergeValue(ownValue(result, key), value, lookup(key)));
  }
  for (const [key, value] of Object.entries(patch)) {
    if (key.startsWith(deletePrefix)) deleteFromList(result, key.slice(deletePrefix.length), value);
  }
  return result;
}

function applyObjectDirective(patch: JsonObject, lookup: FieldLookup): JsonObject {
  const { $patch: directive, ...rest } = patch;
  if (directive === 'delete') return {};
  if (directive === 'replace') return mergeObject({}, rest, lookup);
  throw malformedPatch(`unknown patch type: ${String(directive)} in map: ${JSON.stringify(patch)}`);
}

function retainKeys(original: JsonObject, patch: JsonObject): JsonObject {
  const keys = patch['$retainKeys'];
  if (keys === undefined) return { ...original };
  if (!Array.isArray(keys)) throw malformedPatch('invalid patch format of retainKeys');
  const retained = new Set<unknown>(keys);
  const foreign = Object.entries(patch).some(([key, value]) => value !== null && !key.startsWith('$') && !retained.has(key));
  if (foreign) throw inapplicablePatch('patch content doesn\'t match retainKeys list');
  return Object.fromEntries(Object.entries(original).filter(([key]) => retained.has(key)));
}

/** Merges the list that a $setElementOrder directive is about, if the patch has it, and puts it in order. */
function applyOrder(result: JsonObject, patch: JsonObject, key: string, lookup: FieldLookup): void {
  const name = key.slice(orderPrefix.length);
  const order = patch[key];
  const original = ownValue(result, name);
  const changes = ownValue(patch, name);
  const field = lookup(name);
  if (!Array.isArray(order)) throw malformedPatch('invalid patch format of setElementOrder list');
  if (changes === null) Reflect.deleteProperty(result, name);
  else if (!field?.patchMerge || (original !== undefined && !Array.isArray(original)) || (changes !== undefined && !Array.isArray(changes))) {
    if (changes !== undefined) setProperty(result, name, mergeValue(original, changes, field));
  } else if (changes) {
    setProperty(result, name, mergeList(original ?? [], changes, { field, order, mergeElement: elementMerge(field) }));
  } else if (original) {
    setProperty(result, name, reorderList(original, order, field.patchMergeKey));
  }
}

function deleteFromList(result: JsonObject, name: string, values: unknown): void {
  if (!Array.isArray(values)) throw malformedPatch('invalid patch format of primitive list');
  const list = ownValue(result, name);
  if (!Array.isArray(list)) return;
  const deleted = new Set<unknown>(values);
  result[name] = list.filter((element) => !deleted.has(element));
}

function mergeValue(original: unknown, value: unknown, field: SchemaField | undefined): unknown {
  if (isJsonObject(value)) {
    const base = isJsonObject(original) && !field?.patchReplace ? original : {};
    return field?.kind === 'json' && !field.map ? value : mergeObject(base, value, valueLookup(field));
  }
  if (Array.isArray(value) && field?.patchMerge) {
    return Array.isArray(original)
      ? mergeList(original, value, { field, order: undefined, mergeElement: elementMerge(field) })
      : newList(value, elementMerge(field));
  }
  return value;
}

/** A merged list that the original does not have: without directives, and without asking for merge keys. */
function newList(list: readonly unknown[], mergeElement: ElementMerge): unknown[] {
  return list
    .filter((element) => !(isJsonObject(element) && Object.hasOwn(element, '$patch')))
    .map((element) => (isJsonObject(element) ? mergeElement({}, element) : element));
}

function elementMerge(field: SchemaField): ElementMerge {
  const lookup = elementLookup(field);
  return (original, patch) => mergeObject(original, patch, lookup);
}

function valueLookup(field: SchemaField | undefined): FieldLookup {
  if (field?.map) return () => ({ ...field, map: false });
  return field ? elementLookup(field) : () => undefined;
}

function elementLookup(field: SchemaField): FieldLookup {
  if (field.kind !== 'message') return () => undefined;
  const { fields } = messageOf(field.type);
  return (key) => fields.get(key);
}

function ownValue(object: JsonObject, key: string): unknown {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}
