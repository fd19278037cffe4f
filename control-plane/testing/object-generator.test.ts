/** Properties that hold for objects of every kind. The seed of a failure is in its message. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeBody, decodeObject } from '../../api/decode/decode-object.ts';
import { formatPath, type PathElement } from '../../api/decode/field-path.ts';
import { apiVersionOf, builtInResources, type Resource } from '../../api/resources.ts';
import { messageOf, type SchemaMessage } from '../../api/schema/schema-table.ts';
import { decodeProtobuf } from '../apiserver/protobuf/decode-protobuf.ts';
import { encodeProtobuf } from '../apiserver/protobuf/encode-protobuf.ts';
import { wrapMessage } from '../apiserver/protobuf/envelope.ts';
import { refusal } from '../registry/testing/refusal.ts';
import { ObjectGenerator } from './object-generator.ts';
import { SeededRandom } from './seeded-random.ts';

type JsonObject = Record<string, unknown>;

const seeds = fc.noShrink(fc.integer({ min: 0, max: 2 ** 32 - 1 }));
const kinds = builtInResources.map((resource) => [`${apiVersionOf(resource)} ${resource.kind}`, resource] as const);

describe('protobuf', () => {
  it.each(kinds)('loses nothing of %s', (_name, resource) => {
    fc.assert(fc.property(seeds, (seed) => {
      const object = new ObjectGenerator(new SeededRandom(seed)).object(resource);
      const { object: canonical } = decodeObject(object, resource, { fieldValidation: 'Strict' });
      expect(canonical).toEqual(object);
      const bytes = encodeProtobuf(resource.schema, canonical);
      const decoded = decodeProtobuf(wrapMessage(apiVersionOf(resource), resource.kind, bytes), resource.schema);
      // What Go always writes may come in addition, empty.
      expect(decodeObject(decoded, resource, { fieldValidation: 'Strict' }).object).toMatchObject(object);
      expect(encodeProtobuf(resource.schema, decoded)).toEqual(bytes);
    }), { numRuns: 25 });
  });
});

interface Spoiled {
  text: string;
  /** What a strict decoder must say. */
  complaints: string[];
}

/** Writes an object as JSON, with fields that nobody knows and fields that come twice. */
class Spoiler {
  private readonly random: SeededRandom;
  readonly complaints: string[] = [];

  constructor(random: SeededRandom) {
    this.random = random;
  }

  /** @param message undefined where the schema does not say what is in there: left as it is. */
  write(value: unknown, path: readonly PathElement[], message: SchemaMessage | undefined): string {
    if (typeof value !== 'object' || value === null || !message) return JSON.stringify(value);
    const entries = Object.entries(value).map(([name, field]) => this.entry(name, field, [path, message]));
    const names = Object.keys(value);
    if (names.length > 0 && this.random.once(6)) {
      const name = this.random.of(names);
      // In front: the last one counts, and in there may be complaints too.
      entries.unshift(`${JSON.stringify(name)}:${JSON.stringify((value as JsonObject)[name])}`);
      this.complaints.push(`duplicate field "${formatPath([...path, name])}"`);
    }
    if (this.random.once(6)) {
      const name = this.random.of(['zzz', 'imagee', 'Spec', 'x-y']);
      entries.splice(this.random.integer(entries.length + 1), 0, `${JSON.stringify(name)}:${this.random.of(['1', '{"a":[]}', 'null', '"x"'])}`);
      this.complaints.push(`unknown field "${formatPath([...path, name])}"`);
    }
    return `{${entries.join(', ')}}`;
  }

  private entry(name: string, value: unknown, [path, message]: readonly [readonly PathElement[], SchemaMessage]): string {
    const field = message.fields.get(name);
    const inner = field?.kind === 'message' ? messageOf(field.type) : undefined;
    const place = [...path, name];
    let text: string;
    if (field?.list) text = `[${(value as unknown[]).map((element, index) => this.write(element, [...place, index], inner)).join(',')}]`;
    else if (field?.map) text = `{${Object.entries(value as JsonObject).map(([key, element]) => `${JSON.stringify(key)}:${this.write(element, [...place, key], inner)}`).join(',')}}`;
    else text = this.write(value, place, inner);
    return `${JSON.stringify(name)}: ${text}`;
  }
}

function spoil(resource: Resource, seed: number): Spoiled {
  const random = new SeededRandom(seed);
  const object = new ObjectGenerator(random, 4).object(resource);
  const spoiler = new Spoiler(random);
  return { text: spoiler.write(object, [], messageOf(resource.schema)), complaints: spoiler.complaints };
}

describe('strict decoding', () => {
  it.each(kinds)('names every unknown and every repeated field of %s', async (_name, resource) => {
    await fc.assert(fc.asyncProperty(seeds, async (seed) => {
      const { text, complaints } = spoil(resource, seed);
      const body = Buffer.from(text);
      const { warnings } = await decodeBody(body, 'application/json', resource, { fieldValidation: 'Warn' });
      expect(warnings.toSorted()).toEqual(complaints.slice(0, 100).toSorted());
      if (complaints.length === 0) return;
      const { message } = await refusal(decodeBody(body, 'application/json', resource, { fieldValidation: 'Strict' }));
      for (const complaint of complaints) expect(message).toContain(complaint);
    }), { numRuns: 25 });
  });
});
