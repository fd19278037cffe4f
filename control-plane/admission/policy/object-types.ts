/** The CEL types of the objects of a kind, from the schema table or from the schema of its CustomResourceDefinition. */
import type { Resource } from '../../../api/resources.ts';
import { findMessage, type SchemaField } from '../../../api/schema/schema-table.ts';
import { bool, bytes, double, dyn, int, listOf, mapOf, string, timestamp, type CelType } from '../../cel/types.ts';
import { celTypeOf } from '../../custom-resources/rules.ts';
import { compileSchema, type Schema } from '../../custom-resources/schema-node.ts';

/** @returns undefined where the schema is not known: then nothing can be said about expressions. */
export function objectTypeOf({ schema, custom }: Resource): CelType | undefined {
  if (custom) return custom.openAPISchema && celTypeOf(compileSchema(custom.openAPISchema as Schema), true);
  return findMessage(schema) && new MessageTypes().of(schema);
}

/** Messages may contain themselves, so a type is known before its fields are. */
class MessageTypes {
  private readonly known = new Map<string, CelType>();

  of(name: string): CelType {
    const known = this.known.get(name);
    if (known) return known;
    const message = findMessage(name);
    if (!message) return dyn;
    const fields = new Map<string, CelType>();
    const type: CelType = { kind: 'object', name, fields };
    this.known.set(name, type);
    if (message.typeMeta) for (const field of ['apiVersion', 'kind']) fields.set(field, string);
    for (const field of message.fields.values()) fields.set(field.name, this.ofField(field));
    return type;
  }

  private ofField(field: SchemaField): CelType {
    const one = this.ofValue(field);
    return field.list ? listOf(one) : field.map ? mapOf(string, one) : one;
  }

  private ofValue({ kind, type }: SchemaField): CelType {
    switch (kind) {
      case 'string':
      case 'quantity':
      case 'duration': return string;
      case 'bool': return bool;
      case 'int32':
      case 'int64': return int;
      case 'double': return double;
      case 'bytes': return bytes;
      case 'time':
      case 'microTime': return timestamp;
      case 'intOrString': return { kind: 'intOrString' };
      case 'stringList': return listOf(string);
      case 'json': return dyn;
      case 'message': return this.of(type);
    }
  }
}
