/** Checks of metadata.resourceVersion and friends that hold for every kind alike. */
import type { FieldError } from '../../api/errors.ts';
import type { ObjectMeta } from '../../api/meta.ts';
import type { Resource } from '../../api/resources.ts';

export function validateMetadata(metadata: ObjectMeta, _resource: Resource): FieldError[] {
  if (metadata.name) return [];
  return [{ reason: 'FieldValueRequired', field: 'metadata.name', message: 'Required value: name or generateName is required' }];
}

export function validateMetadataUpdate(_metadata: ObjectMeta, _old: ObjectMeta, _resource: Resource): FieldError[] {
  return [];
}
