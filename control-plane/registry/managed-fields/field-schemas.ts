/** How the fields of a kind merge. */
import { deducedSchema, type FieldSchema } from '../../../api/field-path/field-schema.ts';
import { openApiFieldSchema } from '../../../api/field-path/open-api-field-schema.ts';
import { tableFieldSchema } from '../../../api/field-path/table-field-schema.ts';
import type { Resource } from '../../../api/resources.ts';
import { findMessage } from '../../../api/schema/schema-table.ts';

/** From the schema table, of a custom kind from its own schema; where there is none it is deduced from the values. */
export function fieldSchemaOf(resource: Resource): FieldSchema {
  const custom = resource.custom?.openAPISchema;
  if (custom) return openApiFieldSchema(custom);
  return findMessage(resource.schema) ? tableFieldSchema(resource.schema) : deducedSchema;
}
