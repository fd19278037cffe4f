/**
 * Sets of fields, in the very form in which managedFields has them (FieldsV1): nested objects whose keys are path elements.
 *
 *   { "f:spec": { "f:replicas": {} }, "f:data": { ".": {}, "f:key": {} } }
 *
 * A path is in the set when it ends at an empty object or at one with ".". Normal form: no object has "." as its only key,
 * and none below the root is empty but a member. The empty set is {}.
 *
 * Sets are never changed once they were given out, so they share parts. Counterpart of
 * sigs.k8s.io/structured-merge-diff/fieldpath.Set.
 */
import { FieldSchemaError, isObject, schemaOfKey, type FieldSchema } from './field-schema.ts';
import { canonicalElement, formatElement } from './path-element.ts';

export interface FieldSet {
  readonly [element: string]: FieldSet;
}

/** A set under construction. */
export type MutableFieldSet = Record<string, FieldSet>;

export const member: FieldSet = Object.freeze({});
export const emptyFieldSet: FieldSet = member;

/** Whether the set has no field at all. */
export function isEmptySet(set: FieldSet): boolean {
  for (const _ in set) return false;
  return true;
}

/** Whether the path that leads to this part is in the set. */
function isMember(part: FieldSet): boolean {
  return '.' in part || isEmptySet(part);
}

/** A part from its children and whether it is a member itself; undefined when nothing of it is in the set. */
function part(children: MutableFieldSet, isMemberItself: boolean): FieldSet | undefined {
  const empty = isEmptySet(children);
  if (!isMemberItself) return empty ? undefined : children;
  return empty ? member : { '.': member, ...children };
}

function childrenOf(set: FieldSet): string[] {
  return Object.keys(set).filter((element) => element !== '.');
}

export function union(left: FieldSet, right: FieldSet): FieldSet {
  if (left === right || isEmptySet(right)) return left;
  if (isEmptySet(left)) return right;
  const children: MutableFieldSet = {};
  for (const element of childrenOf(left)) {
    const other = right[element];
    children[element] = other ? unionOfParts(left[element]!, other) : left[element]!;
  }
  for (const element of childrenOf(right)) if (!left[element]) children[element] = right[element]!;
  return children;
}

function unionOfParts(left: FieldSet, right: FieldSet): FieldSet {
  if (left === right) return left;
  return part(withoutSelf(union(withoutSelf(left), withoutSelf(right))), isMember(left) || isMember(right))!;
}

/** The children of a part as a set of their own. */
function withoutSelf(set: FieldSet): FieldSet {
  if (!('.' in set)) return set;
  const { '.': _, ...children } = set;
  return children;
}

/** What is in the left set and not in the right one. Fields below a field of the right set stay. */
export function difference(left: FieldSet, right: FieldSet): FieldSet {
  return subtract(left, right, false);
}

/** The same without what is below a field of the right set either. */
export function recursiveDifference(left: FieldSet, right: FieldSet): FieldSet {
  return subtract(left, right, true);
}

function subtract(left: FieldSet, right: FieldSet, recursive: boolean): FieldSet {
  if (isEmptySet(left) || isEmptySet(right)) return left;
  const children: MutableFieldSet = {};
  let changed = false;
  for (const element of childrenOf(left)) {
    const mine = left[element]!;
    const other = right[element];
    const rest = other ? subtractPart(mine, other, recursive) : mine;
    if (rest) children[element] = rest;
    changed ||= rest !== mine;
  }
  return changed ? children : left;
}

function subtractPart(mine: FieldSet, other: FieldSet, recursive: boolean): FieldSet | undefined {
  const taken = isMember(other);
  if (taken && recursive) return undefined;
  const own = withoutSelf(mine);
  const rest = subtract(own, withoutSelf(other), recursive);
  const stays = isMember(mine) && !taken;
  if (rest === own && stays === isMember(mine)) return mine;
  return part(rest, stays);
}

export function intersection(left: FieldSet, right: FieldSet): FieldSet {
  if (left === right) return left;
  const children: MutableFieldSet = {};
  for (const element of childrenOf(left)) {
    const mine = left[element]!;
    const other = right[element];
    if (!other) continue;
    const both = part(intersection(withoutSelf(mine), withoutSelf(other)), isMember(mine) && isMember(other));
    if (both) children[element] = both;
  }
  return children;
}

export function equalSets(left: FieldSet, right: FieldSet): boolean {
  if (left === right) return true;
  const elements = Object.keys(left);
  if (elements.length !== Object.keys(right).length) return false;
  return elements.every((element) => right[element] !== undefined && equalSets(left[element]!, right[element]));
}

/** Whether the set has the path that consists of these elements. */
export function hasPath(set: FieldSet, path: readonly string[]): boolean {
  let place: FieldSet | undefined = set;
  for (const element of path) place = place?.[element];
  return place !== undefined && path.length > 0 && isMember(place);
}

/** The part of the set below one element, undefined when there is none. */
export function below(set: FieldSet, element: string): FieldSet | undefined {
  const found = set[element];
  if (!found) return undefined;
  const children = withoutSelf(found);
  return isEmptySet(children) ? undefined : children;
}

export function hasElement(set: FieldSet, element: string): boolean {
  const found = set[element];
  return found !== undefined && isMember(found);
}

/** All paths of the set as messages show them (`.spec.replicas`), the shorter ones first within one parent. */
export function formatPaths(set: FieldSet, prefix = ''): string[] {
  const elements = childrenOf(set).sort();
  const here = elements.filter((element) => isMember(set[element]!)).map((element) => prefix + formatElement(element));
  return [...here, ...elements.flatMap((element) => formatPaths(withoutSelf(set[element]!), prefix + formatElement(element)))];
}

/**
 * The set and, of every declared field that something below is in the set of, the field itself.
 * Counterpart of fieldpath.Set.EnsureNamedFieldsAreMembers.
 */
export function withNamedFields(set: FieldSet, schema: FieldSchema | undefined): FieldSet {
  const result: MutableFieldSet = {};
  for (const element of childrenOf(set)) {
    const mine = set[element]!;
    const name = element.startsWith('f:') ? element.slice(2) : undefined;
    const named = name !== undefined && schema?.kind === 'map' && schema.field(name) !== undefined;
    result[element] = part(withNamedFields(withoutSelf(mine), schemaBelow(schema, name)), isMember(mine) || named) ?? member;
  }
  return result;
}

function schemaBelow(schema: FieldSchema | undefined, name: string | undefined): FieldSchema | undefined {
  if (schema?.kind === 'map') return name === undefined ? undefined : schemaOfKey(schema, name);
  return schema?.kind === 'list' ? schema.item : schema;
}

/** Nesting of a set that a client sends. */
const maxSetDepth = 200;

/**
 * Checks FieldsV1 from outside and brings it into normal form.
 * @throws FieldSchemaError
 */
export function parseFieldSet(value: unknown, depth = 0): FieldSet {
  if (!isObject(value)) throw new FieldSchemaError('a set of fields is no object');
  if (depth > maxSetDepth) throw new FieldSchemaError('a set of fields is nested too deeply');
  const children: MutableFieldSet = {};
  for (const element of Object.keys(value)) {
    if (element === '.') continue;
    children[canonicalElement(element)] = parseFieldSet(value[element], depth + 1);
  }
  return depth === 0 ? children : part(children, '.' in value || isEmptySet(children))!;
}

/** Elements in the order in which Kubernetes writes them. */
function sorted(set: FieldSet): FieldSet {
  const result: MutableFieldSet = {};
  for (const element of Object.keys(set).sort()) result[element] = sorted(set[element]!);
  return Object.freeze(result);
}

const interned = new Map<string, FieldSet>();
const internedLimit = 1024;

/**
 * The one copy of this set, frozen and in order. Objects of a kind mostly have the same few fields, so that tens of
 * thousands of them share a handful of sets.
 */
export function internFieldSet(set: FieldSet): FieldSet {
  const ordered = sorted(set);
  const text = JSON.stringify(ordered);
  const known = interned.get(text);
  if (known) {
    interned.delete(text);
    interned.set(text, known);
    return known;
  }
  interned.set(text, ordered);
  if (interned.size > internedLimit) interned.delete(interned.keys().next().value!);
  return ordered;
}
