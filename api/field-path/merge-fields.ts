/**
 * A configuration laid over an object: maps merge, keyed lists and sets merge in an order that keeps both, the rest is
 * replaced. Counterpart of sigs.k8s.io/structured-merge-diff/typed.TypedValue.Merge.
 */
import { deducedSchema, isObject, resolveSchema, schemaOfKey, type FieldSchema, type JsonObject, type ListSchema, type MapSchema } from './field-schema.ts';
import { itemElement } from './path-element.ts';

/**
 * @param live not changed; the result shares what the configuration does not touch.
 * @throws FieldSchemaError when a list item cannot be told from others.
 */
export function mergeFields(schema: FieldSchema, live: object, configuration: object): Record<string, unknown> {
  return mergeValue(schema, live, configuration) as Record<string, unknown>;
}

function mergeValue(schema: FieldSchema, live: unknown, configuration: unknown): unknown {
  if (configuration === undefined) return live;
  const resolved = resolveSchema(schema, configuration);
  if (resolved.kind === 'scalar' || resolved.atomic || live === undefined || live === null) return configuration;
  if (resolved.kind === 'map') {
    if (!isObject(live) || !isObject(configuration)) return configuration;
    return mergeMaps(resolved, live, configuration);
  }
  if (!Array.isArray(live) || !Array.isArray(configuration)) return configuration;
  return mergeLists(resolved, live, configuration);
}

function mergeMaps(schema: MapSchema, live: JsonObject, configuration: JsonObject): JsonObject {
  const result: Record<string, unknown> = { ...live };
  for (const key of Object.keys(configuration)) {
    const own = Object.hasOwn(live, key) ? live[key] : undefined;
    const merged = mergeValue(schemaOfKey(schema, key) ?? deducedSchema, own, configuration[key]);
    if (key === '__proto__') Object.defineProperty(result, key, { value: merged, enumerable: true, writable: true, configurable: true });
    else result[key] = merged;
  }
  return result;
}

/**
 * Items of both in the order of the configuration; those that only the live list has stay where they were between the
 * items that both have.
 */
function mergeLists(schema: ListSchema, live: readonly unknown[], configuration: readonly unknown[]): unknown[] {
  const liveElements = live.map((item) => itemElement(schema, item));
  const wantedElements = configuration.map((item) => itemElement(schema, item));
  const liveItems = uniqueItems(liveElements, live);
  const wantedItems = uniqueItems(wantedElements, configuration);
  const shared = wantedElements.filter((element) => liveItems.has(element));
  const merged = new Set<string>();
  const result: unknown[] = [];
  const take = (element: string): void => {
    merged.add(element);
    result.push(mergeValue(schema.item, liveItems.get(element), wantedItems.get(element)));
  };
  let nextShared = 0;
  let atLive = 0;
  let atWanted = 0;
  while (atLive < live.length || atWanted < configuration.length) {
    const element = liveElements[atLive];
    const wanted = wantedElements[atWanted];
    if (element !== undefined && wanted !== undefined) {
      if (element === wanted) {
        take(element);
        atLive += 1;
        atWanted += 1;
        nextShared += 1;
        continue;
      }
      // In both, but not the one whose turn it is.
      if (wantedItems.has(element) && nextShared < shared.length && shared[nextShared] !== element) {
        atLive += 1;
        continue;
      }
    }
    if (element !== undefined) {
      if (!wantedItems.has(element)) {
        result.push(live[atLive]);
        atLive += 1;
        continue;
      }
      if (merged.has(element)) {
        atLive += 1;
        if (wanted === undefined) continue;
      }
    }
    if (wanted !== undefined) {
      take(wanted);
      atWanted += 1;
      if (shared[nextShared] === wanted) nextShared += 1;
    }
  }
  return result;
}

/** Items by element; what comes twice has no single item that could be merged. */
function uniqueItems(elements: readonly string[], items: readonly unknown[]): Map<string, unknown> {
  const result = new Map<string, unknown>();
  elements.forEach((element, index) => {
    result.set(element, result.has(element) ? undefined : items[index]);
  });
  return result;
}
