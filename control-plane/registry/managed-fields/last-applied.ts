/**
 * The annotation in which client-side `kubectl apply` keeps what it applied: kubectl's own server-side apply takes over from
 * it and keeps it up to date, so that both can be used on the same object.
 */
import { compareFields, fieldsOf } from '../../../api/field-path/compare-fields.ts';
import { FieldSchemaError, isObject, type FieldSchema } from '../../../api/field-path/field-schema.ts';
import { difference, union, type FieldSet } from '../../../api/field-path/field-set.ts';
import type { KubernetesObject } from '../../../api/meta.ts';
import { maxAnnotationBytes } from '../validation/object-meta.ts';

export const lastAppliedAnnotation = 'kubectl.kubernetes.io/last-applied-configuration';

/** The fields that were applied by client and still have those values; undefined when there is no such record. */
export function fieldsOfLastApplied(schema: FieldSchema, live: KubernetesObject, apiVersion: string | undefined): FieldSet | undefined {
  const text = live.metadata?.annotations?.[lastAppliedAnnotation];
  if (!text) return undefined;
  try {
    const applied: unknown = JSON.parse(text);
    if (!isObject(applied) || applied['apiVersion'] !== apiVersion) return undefined;
    const { added, modified, removed } = compareFields(schema, applied, live);
    return difference(fieldsOf(schema, applied), union(union(added, modified), removed));
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof FieldSchemaError) return undefined;
    throw error;
  }
}

/** Brings the annotation of an object up to date, where it has one. */
export function keepLastApplied(object: KubernetesObject, configuration: KubernetesObject): void {
  const annotations = object.metadata?.annotations;
  if (!annotations?.[lastAppliedAnnotation]) return;
  const updated: Record<string, string> = { ...annotations, [lastAppliedAnnotation]: `${JSON.stringify(inOrder(withoutRecord(configuration)))}\n` };
  const size = Object.entries(updated).reduce((sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(value), 0);
  if (size > maxAnnotationBytes) Reflect.deleteProperty(updated, lastAppliedAnnotation);
  object.metadata = { ...object.metadata, annotations: updated };
}

/** With sorted keys, as Go writes maps and so kubectl its record. */
function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOrder);
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.keys(value).sort().map((key) => [key, inOrder(value[key])]));
}

function withoutRecord(configuration: KubernetesObject): KubernetesObject {
  const annotations = configuration.metadata?.annotations;
  if (!annotations || !(lastAppliedAnnotation in annotations)) return configuration;
  const { [lastAppliedAnnotation]: _, ...others } = annotations;
  return { ...configuration, metadata: { ...configuration.metadata, annotations: others } };
}
