/** meta.k8s.io Tables: what `kubectl get` prints, rendered by the server. */
import type { KubernetesObject, ObjectList } from '../../../api/meta.ts';
import type { Resource } from '../../../api/resources.ts';
import { newBadRequest } from '../../../api/errors.ts';
import { encodeMetadata, encodeObject } from '../object-encoder.ts';
import { firstValue, type RawQuery } from '../query-options.ts';
import { printerOf } from './printers.ts';

/** What a row carries beside its cells. */
export type IncludeObject = 'None' | 'Metadata' | 'Object';

/** @throws StatusError BadRequest. */
export function includeObjectOf(query: RawQuery): IncludeObject {
  const value = firstValue(query, 'includeObject') || 'Metadata';
  if (value !== 'None' && value !== 'Metadata' && value !== 'Object') {
    throw newBadRequest(`Unable to convert to Table as requested: includeObject: Invalid value: ${JSON.stringify(value)}: must be 'Metadata', 'Object', 'None', or empty`);
  }
  return value;
}

export interface TableOptions {
  resource: Resource;
  list: Pick<ObjectList, 'metadata' | 'items'>;
  /** Milliseconds since the epoch. */
  now: number;
  /** v1 or v1beta1. */
  version: string;
  includeObject: IncludeObject;
  /** false: the client of a watch has had the columns with the first event. */
  columns: boolean;
}

export function encodeTable(options: TableOptions): Buffer {
  const { resource, list, version } = options;
  const definitions = options.columns ? printerOf(resource).columns : null;
  const parts: Buffer[] = [Buffer.from(
    `{"kind":"Table","apiVersion":"meta.k8s.io/${version}","metadata":${JSON.stringify(list.metadata)},"columnDefinitions":${JSON.stringify(definitions)},"rows":[`,
  )];
  list.items.forEach((item, index) => {
    if (index > 0) parts.push(comma);
    parts.push(...encodeRow(options, item));
  });
  parts.push(Buffer.from(']}\n'));
  return Buffer.concat(parts);
}

const comma = Buffer.from(',');
const brace = Buffer.from('}');

export interface RowOptions extends Pick<TableOptions, 'resource' | 'now' | 'version' | 'includeObject'> {
  /** false: the row's object is not expected to be asked for again soon. Default true. */
  keep?: boolean;
}

export function encodeRow({ resource, now, version, includeObject, keep = true }: RowOptions, item: KubernetesObject): Buffer[] {
  const cells = `{"cells":${JSON.stringify(printerOf(resource).cells(item, now))},"object":`;
  if (includeObject === 'None') return [Buffer.from(`${cells}null}`)];
  return [Buffer.from(cells), includeObject === 'Object' ? encodeObject(resource, item, keep) : encodeMetadata(item, version, keep), brace];
}
