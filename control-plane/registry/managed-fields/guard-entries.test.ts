import { expect, it } from 'vitest';
import { configMaps } from '../../../api/resources.ts';
import type { KubernetesObject, ObjectMeta } from '../../../api/meta.ts';
import { createTestRegistry } from '../testing/test-registry.ts';

const readable: ObjectMeta['managedFields'] = [{ manager: 'webhook', operation: 'Update', apiVersion: 'v1', fieldsType: 'FieldsV1', fieldsV1: { 'f:data': {} } }];

async function createdWith(managedFields: ObjectMeta['managedFields']): Promise<{ object: KubernetesObject; warnings: string[] }> {
  const test = await createTestRegistry({
    admission: {
      admit: ({ object, resource }) => {
        if (object && resource === configMaps) object.metadata = { ...object.metadata, managedFields };
        return Promise.resolve();
      },
      review: () => undefined,
      validate: () => undefined,
    },
  });
  const warnings: string[] = [];
  const object = await test.registry.of(configMaps).create({ ...test.context, warnings }, 'default', { metadata: { name: 'a' }, data: { k: 'v' } });
  return { object, warnings };
}

it('keeps the owners when admission leaves nonsense', async () => {
  const { object, warnings } = await createdWith([{ operation: 'Guess' }]);
  expect(object.metadata?.managedFields).toMatchObject([{ manager: 'test', fieldsV1: { 'f:data': { '.': {}, 'f:k': {} } } }]);
  expect(warnings).toEqual([expect.stringContaining('.metadata.managedFields was in an invalid state after admission') as string]);
});

it('lets admission name other owners', async () => {
  const { object, warnings } = await createdWith(readable);
  expect([object.metadata?.managedFields, warnings]).toEqual([readable, []]);
});
