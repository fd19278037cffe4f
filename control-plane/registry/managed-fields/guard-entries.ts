/** What admission from outside may do to the record of owners: nothing that makes it unreadable. */
import { FieldSchemaError } from '../../../api/field-path/field-schema.ts';
import type { KubernetesObject, ObjectMeta } from '../../../api/meta.ts';
import type { RequestContext } from '../registry.ts';
import type { Writable } from '../writable.ts';
import { decodeEntries } from './manager-entries.ts';

/** @param before the record as it was before admission; it comes back where the new one is none. */
export function guardEntries(object: KubernetesObject, before: ObjectMeta['managedFields'], context: RequestContext): void {
  const metadata: Writable<ObjectMeta> = object.metadata ?? {};
  if (metadata.managedFields === before) return;
  try {
    decodeEntries(metadata.managedFields);
  } catch (error) {
    if (!(error instanceof FieldSchemaError)) throw error;
    metadata.managedFields = before;
    context.warnings?.push('.metadata.managedFields was in an invalid state after admission; this could be caused by an outdated mutating admission controller; '
      + `please fix your requests: ${error.message}`);
  }
}
