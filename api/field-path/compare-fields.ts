/**
 * What differs between two states of an object, as sets of fields. Counterpart of
 * sigs.k8s.io/structured-merge-diff/typed.TypedValue.Compare.
 */
import { isDeepStrictEqual } from 'node:util';
import { isObject, resolveSchema, schemaOfKey, deducedSchema, type FieldSchema, type JsonObject, type ListSchema, type MapSchema } from './field-schema.ts';
import { emptyFieldSet, member, union, type FieldSet, type MutableFieldSet } from './field-set.ts';
import { fieldElement, itemElement } from './path-element.ts';

export interface FieldChanges {
  added: FieldSet;
  modified: FieldSet;
  removed: FieldSet;
}

/** What changed at one place; a set that is absent is empty, one that is {} is the place itself. */
interface PlaceChanges {
  added?: FieldSet | undefined;
  modified?: FieldSet | undefined;
  removed?: FieldSet | undefined;
}

const leafAdded: PlaceChanges = { added: member };
const leafModified: PlaceChanges = { modified: member };
const leafRemoved: PlaceChanges = { removed: member };

/**
 * @param left an object of the kind, {} for one that does not exist yet.
 * @throws FieldSchemaError when a list item cannot be told from others.
 */
export function compareFields(schema: FieldSchema, left: object, right: object): FieldChanges {
  const changes = compareValue(schema, left, right);
  return { added: changes?.added ?? emptyFieldSet, modified: changes?.modified ?? emptyFieldSet, removed: changes?.removed ?? emptyFieldSet };
}

function compareValue(schema: FieldSchema, left: unknown, right: unknown): PlaceChanges | undefined {
  if (left === right) return undefined;
  const resolved = resolveSchema(schema, right === undefined ? left : right);
  if (schema.kind === 'deduced' && left !== undefined && right !== undefined && resolveSchema(schema, left) !== resolved) {
    return join(compareAs(resolveSchema(schema, left), left, right), compareAs(resolved, left, right));
  }
  return compareAs(resolved, left, right);
}

function compareAs(schema: ReturnType<typeof resolveSchema>, left: unknown, right: unknown): PlaceChanges | undefined {
  if (schema.kind === 'scalar' || schema.atomic) return compareLeaf(left, right);
  const changes = new ChangesBelow();
  if (schema.kind === 'map') {
    const before = isObject(left) ? left : undefined;
    const after = isObject(right) ? right : undefined;
    if (isEmptyMap(before) && isEmptyMap(after)) return compareLeaf(left, right);
    compareMaps(schema, before, after, changes);
  } else {
    const before = Array.isArray(left) ? left : undefined;
    const after = Array.isArray(right) ? right : undefined;
    if (!before?.length && !after?.length) return compareLeaf(left, right);
    compareLists(schema, before ?? [], after ?? [], changes);
  }
  return changes.result(left === undefined, right === undefined);
}

function isEmptyMap(map: JsonObject | undefined): boolean {
  if (map) for (const key in map) if (map[key] !== undefined) return false;
  return true;
}

function compareLeaf(left: unknown, right: unknown): PlaceChanges | undefined {
  if (left === undefined) return leafAdded;
  if (right === undefined) return leafRemoved;
  return isDeepStrictEqual(left, right) ? undefined : leafModified;
}

function compareMaps(schema: MapSchema, before: JsonObject | undefined, after: JsonObject | undefined, changes: ChangesBelow): void {
  if (after) for (const key of Object.keys(after)) {
    const old = before && Object.hasOwn(before, key) ? before[key] : undefined;
    compareKey(schema, key, { old, value: after[key], both: before !== undefined }, changes);
  }
  if (before) for (const key of Object.keys(before)) {
    if (after && after[key] !== undefined && Object.hasOwn(after, key)) continue;
    compareKey(schema, key, { old: before[key], value: undefined, both: after !== undefined }, changes);
  }
}

/** @param both the map is there before and after, so that fields that are always there are there as well. */
function compareKey(map: MapSchema, key: string, { old, value, both }: { old: unknown; value: unknown; both: boolean }, changes: ChangesBelow): void {
  if (old === value) return;
  const field = map.field(key);
  const schema = field?.schema ?? map.element ?? deducedSchema;
  if (!both || !field?.present || (old !== undefined && value !== undefined)) {
    changes.add(fieldElement(key), compareValue(schema, old, value));
    return;
  }
  const zero = zeroOf(schema, value ?? old);
  changes.add(fieldElement(key), compareValue(schema, old ?? zero, value ?? zero));
}

const emptyMap: JsonObject = Object.freeze({});

/** What a field that is always there has when nobody set it. */
function zeroOf(schema: FieldSchema, other: unknown): unknown {
  if (schema.kind === 'map') return emptyMap;
  if (schema.kind === 'list') return null;
  return { string: '', number: 0, boolean: false }[typeof other as string] ?? null;
}

function compareLists(schema: ListSchema, before: readonly unknown[], after: readonly unknown[], changes: ChangesBelow): void {
  const old = indexItems(schema, before);
  const now = indexItems(schema, after);
  for (const [element, items] of now) changes.add(element, compareItems(schema, old.get(element) ?? [], items));
  for (const [element, items] of old) if (!now.has(element)) changes.add(element, compareItems(schema, items, []));
}

function indexItems(schema: ListSchema, list: readonly unknown[]): Map<string, unknown[]> {
  const index = new Map<string, unknown[]>();
  for (const item of list) {
    const element = itemElement(schema, item);
    const known = index.get(element);
    if (known) known.push(item);
    else index.set(element, [item]);
  }
  return index;
}

/** Items that come more than once are compared as a whole: nobody can own one of them. */
function compareItems(schema: ListSchema, old: readonly unknown[], now: readonly unknown[]): PlaceChanges | undefined {
  if (old.length <= 1 && now.length <= 1) return compareValue(schema.item, old[0], now[0]);
  if (old.length > 1 && now.length > 1) return isDeepStrictEqual(old, now) ? undefined : leafModified;
  if (old.length > 1) return join(leafRemoved, now.length === 1 ? compareValue(schema.item, undefined, now[0]) : undefined);
  return join(leafAdded, old.length === 1 ? compareValue(schema.item, old[0], undefined) : undefined);
}

function join(left: PlaceChanges | undefined, right: PlaceChanges | undefined): PlaceChanges | undefined {
  if (!left || !right) return left ?? right;
  return { added: joinSets(left.added, right.added), modified: joinSets(left.modified, right.modified), removed: joinSets(left.removed, right.removed) };
}

function joinSets(left: FieldSet | undefined, right: FieldSet | undefined): FieldSet | undefined {
  if (!left || !right) return left ?? right;
  return union({ '': left }, { '': right })[''];
}

class ChangesBelow {
  private added: MutableFieldSet | undefined;
  private modified: MutableFieldSet | undefined;
  private removed: MutableFieldSet | undefined;

  add(element: string, changes: PlaceChanges | undefined): void {
    if (!changes) return;
    if (changes.added) (this.added ??= {})[element] = changes.added;
    if (changes.modified) (this.modified ??= {})[element] = changes.modified;
    if (changes.removed) (this.removed ??= {})[element] = changes.removed;
  }

  result(isNew: boolean, isGone: boolean): PlaceChanges | undefined {
    if (isNew) this.added = this.added ? { '.': member, ...this.added } : {};
    if (isGone) this.removed = this.removed ? { '.': member, ...this.removed } : {};
    if (!this.added && !this.modified && !this.removed) return undefined;
    return { added: this.added, modified: this.modified, removed: this.removed };
  }
}

/**
 * All fields that a configuration sets. Counterpart of typed.TypedValue.ToFieldSet.
 * @throws FieldSchemaError as compareFields.
 */
export function fieldsOf(schema: FieldSchema, value: object): FieldSet {
  return fieldsBelow(resolveSchema(schema, value), value);
}

function fieldsBelow(schema: ReturnType<typeof resolveSchema>, value: unknown): MutableFieldSet {
  const result: MutableFieldSet = {};
  if (schema.kind === 'map' && isObject(value)) {
    for (const key of Object.keys(value)) {
      const child = value[key];
      if (child === undefined) continue;
      const empty = child === null || (isObject(child) && isEmptyMap(child));
      const place = fieldsAt(schemaOfKey(schema, key) ?? deducedSchema, child, empty || schema.field(key) === undefined);
      if (place) result[fieldElement(key)] = place;
    }
  } else if (schema.kind === 'list' && Array.isArray(value)) {
    for (const item of value as unknown[]) result[itemElement(schema, item)] = fieldsAt(schema.item, item, true)!;
  }
  return result;
}

/** @param itself the place is in the set whatever is below it. */
function fieldsAt(schema: FieldSchema, value: unknown, itself: boolean): FieldSet | undefined {
  const resolved = resolveSchema(schema, value);
  if (resolved.kind === 'scalar' || resolved.atomic) return member;
  const children = fieldsBelow(resolved, value);
  for (const _ in children) return itself ? { '.': member, ...children } : children;
  return itself ? member : undefined;
}
