/**
 * Random objects of any kind, made from the schema table. Every value has the shape and the canonical form that its field
 * wants and is no zero value, which formats may leave out; whether it makes sense together with others is left to chance.
 */
import type { KubernetesObject } from '../../api/meta.ts';
import { apiVersionOf, type Resource } from '../../api/resources.ts';
import { messageOf, type SchemaField, type SchemaMessage } from '../../api/schema/schema-table.ts';
import type { SeededRandom } from './seeded-random.ts';

type JsonObject = Record<string, unknown>;

const texts = ['a', 'web', 'UPPER', 'a.b/c', '../x', 'Exists', 'In', 'Always', 'TCP', '198.18.0.1', 'None', '10%', 'Ä', '日本', '💥', ' x ', 'line\nbreak', '"quoted"', 'x'.repeat(70)];
const keys = ['a', 'app', 'cpu', 'memory', 'a.b/c', 'x y', 'ü', 'tls.crt'];
const quantities = ['1', '500m', '1Gi', '128Mi', '3', '2k', '-1'];
const times = ['2026-01-01T00:00:00Z', '2025-12-31T23:59:59Z'];
const microTimes = ['2026-01-01T00:00:00.000001Z', '2025-12-31T23:59:59.123456Z'];
const durations = ['1s', '1m30s', '5h0m0s'];
const integers = [1, 2, 80, 443, 65_535, 70_000, -1, 2_147_483_647, -2_147_483_648];
const longIntegers = [...integers, 2 ** 40, -(2 ** 40), Number.MAX_SAFE_INTEGER];
const freeForm: readonly JsonObject[] = [{ a: 1 }, { a: { b: ['c', null, true, 1.5] } }, { 'f:spec': { 'f:a': {} } }];
const jsonSchemas = /\.apiextensions\.v1\.JSON/;
/** Free-form in the API itself; other fields without a shape are of versions that the table leaves out. */
const freeTypes = /\.(RawExtension|FieldsV1)$/;

export class ObjectGenerator {
  private readonly random: SeededRandom;
  private readonly maximumDepth: number;

  /** @param maximumDepth messages in each other; deeper ones have only fields that are no messages. */
  constructor(random: SeededRandom, maximumDepth = 7) {
    this.random = random;
    this.maximumDepth = maximumDepth;
  }

  object(resource: Resource): KubernetesObject & JsonObject {
    const fields = this.message(messageOf(resource.schema), 0);
    const metadata = { ...fields['metadata'] as JsonObject | undefined, name: 'generated' };
    return { apiVersion: apiVersionOf(resource), kind: resource.kind, ...fields, metadata };
  }

  message(message: SchemaMessage, depth: number): JsonObject {
    const fields = [...message.fields.values()].filter(({ kind, type }) => (kind === 'message' ? depth < this.maximumDepth : kind !== 'json' || freeTypes.test(type) || jsonSchemas.test(type)));
    const result: JsonObject = {};
    // Wide at the top, narrow below, so that objects stay small and every field comes up some time.
    const share = depth < 2 ? 0.6 : 0.25;
    for (const field of fields) if (this.random.fraction() < share) result[field.name] = this.field(field, depth);
    if (Object.keys(result).length === 0 && fields.length > 0) {
      const field = this.random.of(fields);
      result[field.name] = this.field(field, depth);
    }
    return result;
  }

  field(field: SchemaField, depth: number): unknown {
    if (field.list) return this.random.list(1, 2, () => this.single(field, depth));
    if (field.map) return Object.fromEntries(this.random.list(1, 2, () => [this.random.of(keys), this.single(field, depth)] as const));
    return this.single(field, depth);
  }

  private single(field: SchemaField, depth: number): unknown {
    const { random } = this;
    switch (field.kind) {
      case 'message': return this.message(messageOf(field.type), depth + 1);
      case 'string': return field.values && !random.once(4) ? random.of(field.values.filter((value) => value !== '')) || 'a' : random.of(texts);
      case 'bool': return true;
      case 'int32': return random.of(integers);
      case 'int64': return random.of(longIntegers);
      case 'double': return random.of([0.5, -1.25, 1e100]);
      case 'bytes': return Buffer.from(random.list(1, 6, () => random.integer(256))).toString('base64');
      case 'quantity': return random.of(quantities);
      case 'time': return random.of(times);
      case 'microTime': return random.of(microTimes);
      case 'duration': return random.of(durations);
      case 'intOrString': return random.once(2) ? random.of(['http', '25%']) : random.of([1, 80, 65_535]);
      case 'stringList': return random.list(1, 2, () => random.of(texts));
      case 'json': return jsonSchemas.test(field.type) ? { type: 'string' } : structuredClone(random.of(freeForm));
    }
  }
}
