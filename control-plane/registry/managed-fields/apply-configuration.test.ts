/** What holds for server-side apply whatever is applied. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { openApiFieldSchema } from '../../../api/field-path/open-api-field-schema.ts';
import { deducedSchema, type FieldSchema } from '../../../api/field-path/field-schema.ts';
import { isEmptySet, intersection } from '../../../api/field-path/field-set.ts';
import type { KubernetesObject } from '../../../api/meta.ts';
import { applyConfiguration } from './apply-configuration.ts';
import { decodeEntries } from './manager-entries.ts';
import { trackUpdate, type FieldWrite } from './track-update.ts';

interface Thing extends KubernetesObject {
  spec?: Record<string, unknown>;
}

const schema = openApiFieldSchema({
  type: 'object',
  properties: {
    spec: {
      type: 'object',
      properties: {
        size: { type: 'integer' },
        labels: { type: 'object', additionalProperties: { type: 'string' } },
        whole: { type: 'object', 'x-kubernetes-map-type': 'atomic', additionalProperties: { type: 'string' } },
        names: { type: 'array', 'x-kubernetes-list-type': 'set', items: { type: 'string' } },
        ports: {
          type: 'array', 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['port', 'protocol'],
          items: { type: 'object', properties: { port: { type: 'integer' }, protocol: { type: 'string', default: 'TCP' }, name: { type: 'string' } } },
        },
      },
    },
  },
} as Parameters<typeof openApiFieldSchema>[0]);

function write(manager: string, operation: 'Apply' | 'Update', of: FieldSchema = schema): FieldWrite {
  return { schema: of, manager: { manager, operation, apiVersion: 'example.com/v1', subresource: '' }, now: '2026-01-01T00:00:00Z', ignored: undefined };
}

function apply(live: Thing | undefined, spec: object, { manager = 'a', force = true, of = schema } = {}): Thing {
  const configuration = { apiVersion: 'example.com/v1', kind: 'Thing', metadata: { name: 'x' }, spec } as KubernetesObject;
  return applyConfiguration({ ...write(manager, 'Apply', of), force, decode: (merged) => structuredClone(merged) }, live, configuration);
}

const word = fc.constantFrom('a', 'b', 'c');
const map = fc.dictionary(word, fc.constantFrom('1', '2'), { minKeys: 1, maxKeys: 3 });
const spec = fc.record({
  size: fc.integer({ min: 0, max: 2 }), labels: map, whole: map, names: fc.uniqueArray(word, { minLength: 1 }),
  ports: fc.uniqueArray(fc.record({ port: fc.integer({ min: 1, max: 2 }), protocol: fc.constantFrom('TCP', 'UDP'), name: word }, { requiredKeys: ['port', 'protocol'] }), { selector: ({ port, protocol }) => `${port}${protocol}`, minLength: 1 }),
}, { requiredKeys: [] });

test('applying again changes nothing', () => {
  fc.assert(fc.property(fc.constantFrom<FieldSchema>(schema, deducedSchema), spec, spec, (of, first, second) => {
    const once = apply(apply(undefined, first, { of }), second, { manager: 'b', of });
    expect(apply(once, second, { manager: 'b', of })).toEqual(once);
  }));
});

test('what one manager alone applies is what there is', () => {
  fc.assert(fc.property(spec, spec, (first, second) => {
    expect(apply(apply(undefined, first), second).spec ?? {}).toEqual(apply(undefined, second).spec ?? {});
  }));
});

test('by force everything is as applied, and nobody else keeps what has another value', () => {
  fc.assert(fc.property(spec, spec, (first, second) => {
    const both = apply(apply(undefined, first), second, { manager: 'b' });
    expect(both.spec ?? {}).toMatchObject({ ...second, ...(second.names ? { names: expect.arrayContaining(second.names) as string[] } : {}), ...(second.ports ? { ports: expect.arrayContaining(second.ports.map((port) => expect.objectContaining(port) as object)) as object[] } : {}) });
    // Then the first one stands in the way of itself only where they differ.
    const peaceful = apply(both, second, { manager: 'c', force: false });
    expect(peaceful.spec ?? {}).toEqual(both.spec ?? {});
  }));
});

test('updates own what they change and take it from everybody', () => {
  fc.assert(fc.property(spec, spec, (first, second) => {
    const applied = apply(undefined, first);
    const wanted: Thing = { ...applied, spec: second };
    const entries = decodeEntries(trackUpdate(write('u', 'Update'), applied, wanted));
    const [mine, theirs] = [entries.find(({ manager }) => manager === 'u'), entries.find(({ manager }) => manager === 'a')];
    if (mine && theirs) expect(isEmptySet(intersection(mine.fields, theirs.fields))).toBe(true);
  }));
});
