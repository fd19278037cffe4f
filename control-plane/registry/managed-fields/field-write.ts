/** What a request means for the owners of fields. */
import { apiVersionOf, type Resource, type Subresource } from '../../../api/resources.ts';
import type { RequestContext } from '../registry.ts';
import { printableManager } from '../validation/field-manager.ts';
import { fieldSchemaOf } from './field-schemas.ts';
import type { FieldWrite } from './track-update.ts';

interface Write {
  context: RequestContext;
  resource: Resource;
  subresource: Subresource | undefined;
  /** RFC 3339. */
  now: string;
}

export function fieldWriteOf({ context, resource, subresource, now }: Write): FieldWrite {
  return {
    schema: fieldSchemaOf(resource),
    manager: { manager: printableManager(context.fieldManager), operation: context.managerOperation ?? 'Update', apiVersion: apiVersionOf(resource), subresource: subresource ?? '' },
    now,
    ignored: ignoredField(resource, subresource),
  };
}

/** Spec and status are written through different doors. */
function ignoredField(resource: Resource, subresource: Subresource | undefined): 'spec' | 'status' | undefined {
  if (!resource.subresources.includes('status')) return undefined;
  return subresource === 'status' || subresource === 'approval' ? 'spec' : 'status';
}
