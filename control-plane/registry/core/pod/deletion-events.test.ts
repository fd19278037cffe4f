import { expect, it } from 'vitest';
import type { Pod } from '../../../../api/core.ts';
import type { DeleteOptions } from '../../../../api/meta.ts';
import { pods } from '../../../../api/resources.ts';
import { createTestRegistry } from '../../testing/test-registry.ts';

it('tells watchers that a pod is being deleted before it is gone, with or without a grace period', async () => {
  const test = await createTestRegistry();
  const seen: unknown[] = [];
  test.registry.of(pods).watch({
    namespace: 'default', labelSelector: [], fieldSelector: [], resourceVersion: String(test.storage.revision),
    allowWatchBookmarks: false, sendInitialEvents: false,
  }, {
    event: ({ type, object }) => {
      const { deletionGracePeriodSeconds, deletionTimestamp } = (object as Pod).metadata ?? {};
      seen.push(deletionTimestamp ? [type, deletionGracePeriodSeconds, deletionTimestamp] : type);
    },
    closed: () => seen.push('closed'),
  });
  const createPod = async (nodeName?: string): Promise<unknown> => {
    seen.length = 0;
    return test.registry.of(pods).create(test.context, 'default', { metadata: { name: 'web' }, spec: { nodeName, containers: [{ name: 'main', image: 'busybox' }] } });
  };
  const deletePod = (options: DeleteOptions) => test.registry.of(pods).delete(test.context, 'web', 'default', options);
  const now = '2026-01-01T00:00:00Z';

  await createPod();
  await deletePod({});
  expect(seen).toEqual(['ADDED', ['MODIFIED', 0, now], ['DELETED', 0, now]]);
  await createPod('pi-1');
  await deletePod({ gracePeriodSeconds: 0 });
  expect(seen).toEqual(['ADDED', ['MODIFIED', 0, now], ['DELETED', 0, now]]);
  await createPod('pi-1');
  await deletePod({ gracePeriodSeconds: 5 });
  await deletePod({ gracePeriodSeconds: 0 });
  expect(seen).toEqual(['ADDED', ['MODIFIED', 5, '2026-01-01T00:00:05Z'], ['MODIFIED', 0, now], ['DELETED', 0, now]]);
});
