/** Lists of a strategic merge patch that merge instead of being replaced: by merge key, or as a set of scalars. */
import type { SchemaField } from '../schema/schema-table.ts';
import { inapplicablePatch, isJsonObject, malformedPatch, type JsonObject } from './patch-error.ts';

/** How one element takes a change. */
export type ElementMerge = (original: JsonObject, patch: JsonObject) => JsonObject;

interface ListMerge {
  field: SchemaField;
  /** From $setElementOrder; undefined: the order of the patch. */
  order: readonly unknown[] | undefined;
  mergeElement: ElementMerge;
}

/** @throws StatusError when an element lacks the merge key or the order contradicts the patch. */
export function mergeList(original: readonly unknown[], patch: readonly unknown[], merge: ListMerge): unknown[] {
  if ([...original, ...patch].some(Array.isArray)) throw inapplicablePatch('lists of lists are not supported');
  const key = merge.field.kind === 'message' ? merge.field.patchMergeKey : undefined;
  if (merge.field.kind === 'message' && key === undefined) throw inapplicablePatch('cannot merge lists without merge key for type struct');
  if (merge.order) checkOrder(patch, merge.order, key);
  if (key === undefined) return inOrder([...new Set([...original, ...patch])], merge.order ?? patch, original, key);
  const { base, changes } = applyElementDirectives(original, patch, key);
  return inOrder(mergeElements(base, changes, key, merge.mergeElement), merge.order ?? changes, base, key);
}

/** A list whose order changes and nothing else. */
export function reorderList(original: readonly unknown[], order: readonly unknown[], key: string | undefined): unknown[] {
  return inOrder(original, order, original, key);
}

function keyOf(element: unknown, key: string): unknown {
  if (!isJsonObject(element)) throw inapplicablePatch(`a list element is no map: ${JSON.stringify(element)}`);
  if (!Object.hasOwn(element, key)) throw inapplicablePatch(`map: ${JSON.stringify(element)} does not contain declared merge key: ${key}`);
  return element[key];
}

/** What identifies an element: its merge key, or itself. */
function identity(element: unknown, key: string | undefined): unknown {
  return key === undefined ? element : keyOf(element, key);
}

function applyElementDirectives(original: readonly unknown[], patch: readonly unknown[], key: string): { base: unknown[]; changes: JsonObject[] } {
  let replace = false;
  const deleted = new Set<unknown>();
  const changes: JsonObject[] = [];
  for (const element of patch) {
    if (!isJsonObject(element)) throw inapplicablePatch(`a list element is no map: ${JSON.stringify(element)}`);
    const directive = element['$patch'];
    if (directive === undefined) changes.push(element);
    else if (directive === 'delete') deleted.add(keyOf(element, key));
    else if (directive === 'replace') replace = true;
    else if (directive === 'merge') throw inapplicablePatch('merging lists cannot yet be specified in the patch');
    else throw malformedPatch(`unknown patch type: ${JSON.stringify(directive)} in map: ${JSON.stringify(element)}`);
  }
  const base = replace ? [] : original.filter((element) => !(isJsonObject(element) && deleted.has(element[key])));
  return { base, changes };
}

function mergeElements(base: readonly unknown[], changes: readonly JsonObject[], key: string, mergeElement: ElementMerge): unknown[] {
  const result = [...base];
  const places = new Map<unknown, number>();
  result.forEach((element, index) => {
    const value = keyOf(element, key);
    if (!places.has(value)) places.set(value, index);
  });
  for (const change of changes) {
    const place = places.get(keyOf(change, key));
    if (place === undefined) {
      places.set(change[key], result.length);
      result.push(mergeElement({}, change));
    } else {
      result[place] = mergeElement(result[place] as JsonObject, change);
    }
  }
  return result;
}

/** The patch must name its elements in the order that the directive gives, and no others. */
function checkOrder(patch: readonly unknown[], order: readonly unknown[], key: string | undefined): void {
  const wanted = patch.filter((element) => !(isJsonObject(element) && '$patch' in element)).map((element) => identity(element, key));
  let next = 0;
  for (const element of order) if (next < wanted.length && identity(element, key) === wanted[next]) next += 1;
  if (order.length > 0 && next < wanted.length) {
    throw inapplicablePatch(`The order in patch list: ${JSON.stringify(patch)} doesn't match $setElementOrder list: ${JSON.stringify(order)}`);
  }
}

/**
 * Elements that `order` names come in its order; the others keep theirs, and stay before an element that they were before
 * in `live`.
 */
function inOrder(list: readonly unknown[], order: readonly unknown[], live: readonly unknown[], key: string | undefined): unknown[] {
  const ordered = ranks(order, key);
  const before = ranks(live, key);
  const rank = (map: ReadonlyMap<unknown, number>, element: unknown) => map.get(identity(element, key)) ?? -1;
  const named = list.filter((element) => rank(ordered, element) >= 0).sort((left, right) => rank(ordered, left) - rank(ordered, right));
  const others = list.filter((element) => rank(ordered, element) < 0);
  const result: unknown[] = [];
  let other = 0;
  for (const element of named) {
    const place = rank(before, element);
    while (place >= 0 && other < others.length && rank(before, others[other]) >= 0 && rank(before, others[other]) < place) {
      result.push(others[other]);
      other += 1;
    }
    result.push(element);
  }
  return [...result, ...others.slice(other)];
}

function ranks(list: readonly unknown[], key: string | undefined): Map<unknown, number> {
  const result = new Map<unknown, number>();
  list.forEach((element, index) => {
    const value = identity(element, key);
    if (!result.has(value)) result.set(value, index);
  });
  return result;
}
