import { describe, expect, it } from 'vitest';
import { configMaps } from '../../api/resources.ts';
import { KeyConflictError } from '../storage/storage.ts';
import { KeyTurns } from './key-turns.ts';
import { createTestRegistry } from './testing/test-registry.ts';

describe('writers of one key', () => {
  it('make about two attempts each, however many they are', async () => {
    const { client } = await createTestRegistry();
    await client.resource(configMaps).create({ metadata: { name: 'a', namespace: 'default' }, data: { count: '0' } });
    let attempts = 0;
    await Promise.all(Array.from({ length: 100 }, () => client.resource(configMaps).modify('a', 'default', (copy) => {
      attempts += 1;
      return { ...copy, data: { count: String(Number(copy.data?.count) + 1) } };
    })));
    expect((await client.resource(configMaps).get('a', 'default')).data).toEqual({ count: '100' });
    expect(attempts).toBeLessThanOrEqual(200);
  });

  it('pass on what is no conflict, and let the next one in', async () => {
    const turns = new KeyTurns();
    const failing = (): (() => Promise<string>) => {
      let first = true;
      return () => {
        const error = first ? new KeyConflictError('a', undefined) : new RangeError('no');
        first = false;
        return Promise.reject(error);
      };
    };
    const results = await Promise.allSettled([turns.untilNoConflict('a', failing()), turns.untilNoConflict('a', failing()), turns.untilNoConflict('a', () => Promise.resolve('yes'))]);
    expect(results.map((result) => result.status)).toEqual(['rejected', 'rejected', 'fulfilled']);
    await expect(turns.untilNoConflict('a', failing())).rejects.toThrow('no');
  });
});
