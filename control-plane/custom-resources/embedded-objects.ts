/**
 * Whole objects inside of custom ones (`x-kubernetes-embedded-resource`). Follows apiextensions'
 * pkg/apiserver/schema/objectmeta.
 */
import { DecodeError } from '../../api/decode/decode-error.ts';
import { MessageDecoder } from '../../api/decode/decode-message.ts';
import type { ObjectMeta } from '../../api/meta.ts';
import { messageOf } from '../../api/schema/schema-table.ts';
import { deepEqual } from '../registry/deep-equal.ts';
import { invalid, required, type FieldError } from '../registry/validation/field-errors.ts';
import { dns1035Label } from '../registry/validation/names.ts';
import { validateObjectMeta } from '../registry/validation/object-meta.ts';
import type { SchemaNode } from './schema-node.ts';

type JsonObject = Record<string, unknown>;

const objectMeta = 'k8s.io.apimachinery.pkg.apis.meta.v1.ObjectMeta';

/**
 * Reads the metadata of embedded objects as what it is, in place.
 * @param unknown gets the paths of unknown fields, as long as it has less than `limit`.
 * @throws DecodeError for metadata that is none.
 */
export function decodeEmbedded(value: unknown, node: SchemaNode, unknown: string[], limit: number): void {
  visit(value, node, '', (embedded, path) => {
    if (embedded['metadata'] === undefined || embedded['metadata'] === null) return;
    const decoder = new MessageDecoder(limit);
    try {
      embedded['metadata'] = decoder.message(messageOf(objectMeta), embedded['metadata']);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      throw new DecodeError(`${path}.metadata: ${error.message}`);
    }
    for (const text of decoder.unknownFields) if (unknown.length < limit) unknown.push(`${path}.metadata.${text.replace(/^unknown field "(.*)"$/, '$1')}`);
  });
}

/** @param old the object before: what an update leaves as it was is not checked again. */
export function validateEmbedded(value: unknown, node: SchemaNode, old: unknown): FieldError[] {
  const errors: FieldError[] = [];
  visit(value, node, '', (embedded, path) => {
    const before = old === undefined ? undefined : valueUnder(old, path);
    if (before === undefined || !deepEqual(before, embedded)) errors.push(...validateOne(embedded, path));
  });
  return errors;
}

function validateOne({ apiVersion, kind, metadata }: JsonObject, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (apiVersion === undefined) errors.push(required(`${path}.apiVersion`));
  else if (apiVersion === '') errors.push(invalid(`${path}.apiVersion`, '', 'must not be empty'));
  else if (typeof apiVersion === 'string' && apiVersion.split('/').length > 2) errors.push(invalid(`${path}.apiVersion`, apiVersion, `unexpected GroupVersion string: ${apiVersion}`));
  if (kind === undefined) errors.push(required(`${path}.kind`));
  else if (kind === '') errors.push(invalid(`${path}.kind`, '', 'must not be empty'));
  else if (typeof kind === 'string') {
    const problems = dns1035Label(kind.toLowerCase());
    if (problems.length > 0) errors.push(invalid(`${path}.kind`, kind, `may have mixed case, but should otherwise match: ${problems.join(',')}`));
  }
  if (typeof metadata !== 'object' || metadata === null) return errors;
  const meta = metadata as ObjectMeta;
  // Templates need no name.
  return [...errors, ...validateObjectMeta({ ...meta, name: meta.name || 'fakename' }, { namespaced: Boolean(meta.namespace), nameRule: 'path-segment', bareFinalizers: true }, `${path}.metadata`)];
}

/** Calls for every embedded object, the outer before the inner. */
function visit(value: unknown, node: SchemaNode, path: string, found: (embedded: JsonObject, path: string) => void): void {
  if (!node.hasEmbedded || typeof value !== 'object' || value === null) return;
  if (Array.isArray(value)) {
    const { items } = node;
    if (items) value.forEach((item, index) => visit(item, items, `${path}[${index}]`, found));
    return;
  }
  const fields = value as JsonObject;
  if (node.embedded) found(fields, path);
  for (const [name, item] of Object.entries(fields)) {
    const property = node.properties.get(name);
    const child = property ?? node.additional;
    if (typeof child === 'object') visit(item, child, path === '' ? name : property ? `${path}.${name}` : `${path}[${name}]`, found);
  }
}

/** Elements of lists are found by their place. */
function valueUnder(value: unknown, path: string): unknown {
  return path.split(/[.[\]]+/).filter(Boolean).reduce<unknown>((at, name) => (typeof at === 'object' && at !== null ? (at as JsonObject)[name] : undefined), value);
}
