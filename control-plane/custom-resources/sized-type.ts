/** How large the values of a schema can get. Follows k8s.io/apiserver/pkg/cel/common: SchemaDeclType. */
import type { SizedType } from '../cel/cost-estimate.ts';
import type { SchemaNode } from './schema-node.ts';

/** What a request carries at most. Bytes. */
export const maxRequestBytes = 3 * 1024 * 1024;
/** A text in JSON has quotation marks. */
const longestText = maxRequestBytes - 2;

const text: SizedType = { maxElements: 0, minBytes: 2 };
const times: Readonly<Record<string, SizedType>> = {
  duration: { maxElements: 32, minBytes: 3 }, date: { maxElements: 12, minBytes: 12 }, 'date-time': { maxElements: 32, minBytes: 21 },
};

/** @param whole of a whole object of the API. @returns undefined for what expressions cannot see. */
export function sizedTypeOf(node: SchemaNode, whole = false): SizedType | undefined {
  if (node.intOrString) return { maxElements: node.value.maxLength === undefined ? longestText : node.value.maxLength * 4, minBytes: 1 };
  switch (node.type) {
    case 'string': return textType(node);
    case 'integer':
    case 'number': return { maxElements: 0, minBytes: 1 };
    case 'boolean': return { maxElements: 0, minBytes: 4 };
    case 'array': {
      const element = node.items && sizedTypeOf(node.items, node.items.embedded);
      return element && { maxElements: node.value.maxItems ?? Math.floor((maxRequestBytes - 2) / (element.minBytes + 1)), minBytes: 2, element };
    }
    case 'object': return typeof node.additional === 'object' ? mapType(node, node.additional) : objectType(node, whole);
    default: return undefined;
  }
}

function textType({ value: { format, maxLength, enumeration } }: SchemaNode): SizedType {
  const time = times[format ?? ''];
  if (time) return time;
  if (maxLength !== undefined) return { maxElements: Math.max(maxLength, 0) * (format === 'byte' ? 1 : 4), minBytes: 2 };
  // The schema counts characters, requests count bytes.
  const longest = enumeration && enumeration.length > 0 && format !== 'byte' ? Math.max(...enumeration.map((one) => (typeof one === 'string' ? Buffer.byteLength(one) : 0))) : longestText;
  return { maxElements: longest, minBytes: 2 };
}

function mapType({ value }: SchemaNode, values: SchemaNode): SizedType | undefined {
  const element = sizedTypeOf(values, values.embedded);
  return element && { maxElements: value.maxProperties ?? Math.floor((maxRequestBytes - 2) / (element.minBytes + 6)), minBytes: 2, element };
}

function objectType(node: SchemaNode, whole: boolean): SizedType {
  const fields = new Map<string, SizedType>();
  let minBytes = 2;
  for (const [name, child] of node.properties) {
    const field = sizedTypeOf(child, child.embedded);
    if (!field) continue;
    fields.set(name, field);
    if (node.value.required.includes(name) && child.default === undefined) minBytes += name.length + field.minBytes + 4;
  }
  if (whole) {
    for (const name of ['apiVersion', 'kind']) fields.set(name, text);
    fields.set('metadata', { maxElements: 0, minBytes: 2, fields: new Map([['name', text], ['generateName', text]]) });
  }
  return { maxElements: 0, minBytes, fields };
}
