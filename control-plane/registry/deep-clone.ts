import type { KubernetesObject, ObjectMeta } from '../../api/meta.ts';
import type { Writable } from './writable.ts';

/**
 * A private copy of JSON-shaped data. About ten times quicker than structuredClone, which also handles cycles, dates and
 * maps that API objects never have. Fields that are undefined are left out.
 */
export function deepClone<T>(value: T): T {
  return cloneValue(value) as T;
}

/** A private copy of an object that shares the record of its owners, which nobody changes in place. */
export function cloneObject<T extends KubernetesObject>(object: T): T {
  const managedFields = object.metadata?.managedFields;
  if (!managedFields || !Object.isFrozen(managedFields)) return deepClone(object);
  const { managedFields: _, ...metadata } = object.metadata ?? {};
  const copy = deepClone({ ...object, metadata });
  (copy.metadata as Writable<ObjectMeta>).managedFields = managedFields;
  return copy;
}

function cloneValue(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    const copy = new Array<unknown>(value.length);
    for (let index = 0; index < value.length; index++) copy[index] = cloneValue(value[index]);
    return copy;
  }
  const copy: Record<string, unknown> = {};
  for (const key of Object.keys(value)) {
    const field = (value as Record<string, unknown>)[key];
    if (field === undefined) continue;
    // A plain assignment to __proto__ would change the prototype and lose the entry (a ConfigMap may have such a key).
    if (key === '__proto__') Object.defineProperty(copy, key, { value: cloneValue(field), enumerable: true, writable: true, configurable: true });
    else copy[key] = cloneValue(field);
  }
  return copy;
}
