/** Puts defaults in. Follows k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting. */
import type { SchemaNode } from './schema-node.ts';

type JsonObject = Record<string, unknown>;

/** Fills in place what is missing, and what is null where null is not allowed. */
export function applyDefaults(value: unknown, node: SchemaNode): void {
  if (!node.hasDefaults) return;
  if (Array.isArray(value)) {
    const { items } = node;
    if (!items) return;
    value.forEach((item: unknown, index) => {
      if (isUnwantedNull(item, items) && items.default !== undefined) value[index] = structuredClone(items.default);
      else applyDefaults(item, items);
    });
    return;
  }
  if (typeof value !== 'object' || value === null) return;
  const fields = value as JsonObject;
  for (const [name, child] of node.properties) {
    if (child.default === undefined) continue;
    if (!Object.hasOwn(fields, name) || isUnwantedNull(fields[name], child)) fields[name] = structuredClone(child.default);
  }
  for (const name of Object.keys(fields)) {
    const child = childOf(node, name);
    if (!child) continue;
    if (isUnwantedNull(fields[name], child) && child.default !== undefined) fields[name] = structuredClone(child.default);
    else applyDefaults(fields[name], child);
  }
}

/** Takes out nulls of fields that may not be null and have no default: they count as not set. */
export function dropNulls(value: unknown, node: SchemaNode): void {
  if (Array.isArray(value)) {
    const { items } = node;
    if (items) for (const item of value) dropNulls(item, items);
    return;
  }
  if (typeof value !== 'object' || value === null) return;
  const fields = value as JsonObject;
  for (const name of Object.keys(fields)) {
    const child = childOf(node, name);
    if (!child) continue;
    if (isUnwantedNull(fields[name], child) && node.properties.has(name)) Reflect.deleteProperty(fields, name);
    else dropNulls(fields[name], child);
  }
}

/** Whether the two would change the value. */
export function needsDefaults(value: unknown, node: SchemaNode): boolean {
  if (Array.isArray(value)) {
    const { items } = node;
    return items !== undefined && value.some((item) => (isUnwantedNull(item, items) && items.default !== undefined) || needsDefaults(item, items));
  }
  if (typeof value !== 'object' || value === null) return false;
  const fields = value as JsonObject;
  if (node.hasDefaults) for (const [name, child] of node.properties) if (child.default !== undefined && !Object.hasOwn(fields, name)) return true;
  return Object.entries(fields).some(([name, item]) => {
    const child = childOf(node, name);
    return child !== undefined && (isUnwantedNull(item, child) || needsDefaults(item, child));
  });
}

function childOf(node: SchemaNode, name: string): SchemaNode | undefined {
  const child = node.properties.get(name) ?? node.additional;
  return typeof child === 'object' ? child : undefined;
}

function isUnwantedNull(value: unknown, node: SchemaNode): boolean {
  return value === null && !node.nullable;
}
