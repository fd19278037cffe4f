/** Takes out what a schema does not know. Follows k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning. */
import type { SchemaNode } from './schema-node.ts';

type JsonObject = Record<string, unknown>;

/** Fields that every object has, whatever its schema says. */
const ownFields = new Set(['apiVersion', 'kind', 'metadata']);

/**
 * Prunes in place.
 * @param unknown gets the paths of what was taken out, as long as it has less than `limit`.
 */
export function prune(value: unknown, node: SchemaNode, unknown: string[] = [], limit = 0): void {
  new Pruner(unknown, limit).object(value, node, '', true);
}

class Pruner {
  private readonly unknown: string[];
  private readonly limit: number;

  constructor(unknown: string[], limit: number) {
    this.unknown = unknown;
    this.limit = limit;
  }

  /** @param whole the value is an object of the API, with metadata that is checked elsewhere. */
  object(value: unknown, node: SchemaNode, path: string, whole: boolean): void {
    if (Array.isArray(value)) {
      const { items } = node;
      if (items) value.forEach((item, index) => this.object(item, items, `${path}[${index}]`, items.embedded));
      return;
    }
    if (typeof value !== 'object' || value === null) return;
    const fields = value as JsonObject;
    for (const name of Object.keys(fields)) {
      if (whole && ownFields.has(name)) continue;
      const child = node.properties.get(name) ?? node.additional;
      const at = path === '' ? name : `${path}.${name}`;
      if (typeof child === 'object') {
        this.object(fields[name], child, at, child.embedded);
      } else if (!child && !node.preserveUnknown) {
        Reflect.deleteProperty(fields, name);
        if (this.unknown.length < this.limit) this.unknown.push(at);
      }
    }
  }
}

/** Whether prune would change the value: what is in the store is frozen and nearly always as it should be. */
export function needsPruning(value: unknown, node: SchemaNode, whole = true): boolean {
  if (Array.isArray(value)) return node.items !== undefined && value.some((item) => needsPruning(item, node.items!, node.items!.embedded));
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(value).some(([name, item]) => {
    if (whole && ownFields.has(name)) return false;
    const child = node.properties.get(name) ?? node.additional;
    if (typeof child === 'object') return needsPruning(item, child, child.embedded);
    return !child && !node.preserveUnknown;
  });
}
