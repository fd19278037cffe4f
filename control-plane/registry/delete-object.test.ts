import { beforeEach, describe, expect, it } from 'vitest';
import type { Pod } from '../../api/core.ts';
import type { DeleteOptions, KubernetesObject } from '../../api/meta.ts';
import { configMaps, deployments, jobs, namespaces, pods } from '../../api/resources.ts';
import { refusal } from './testing/refusal.ts';
import { createTestRegistry } from './testing/test-registry.ts';
import type { TestRegistry } from './testing/test-registry.ts';

describe('delete', () => {
  let test: TestRegistry;
  beforeEach(async () => { test = await createTestRegistry({ namespaces: ['team'] }); });
  const createMap = (name: string, more: object = {}) => test.registry.of(configMaps).create(test.context, 'default', { metadata: { name, ...more } });
  const deleteMap = (name: string, options: DeleteOptions = {}) => test.registry.of(configMaps).delete(test.context, name, 'default', options);

  it('removes the object and answers Success', async () => {
    const created = await createMap('a');
    expect(await deleteMap('a')).toEqual({
      kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details: { name: 'a', kind: 'configmaps', uid: created.metadata?.uid },
    });
    expect((await refusal(() => test.registry.of(configMaps).get('a', 'default'))).code).toBe(404);
    expect((await refusal(deleteMap('a'))).message).toBe('configmaps "a" not found');
  });

  it('names the group in the answer', async () => {
    const template = { metadata: { labels: { app: 'a' } }, spec: { containers: [{ name: 'main', image: 'busybox' }] } };
    await test.registry.of(deployments).create(test.context, 'default', { metadata: { name: 'a' }, spec: { selector: { matchLabels: { app: 'a' } }, template } });
    expect(await test.registry.of(deployments).delete(test.context, 'a', 'default', {})).toMatchObject({ details: { group: 'apps', kind: 'deployments' } });
  });

  it('does nothing in a dry run', async () => {
    await createMap('a');
    expect(await deleteMap('a', { dryRun: ['All'] })).toMatchObject({ status: 'Success' });
    expect(test.registry.of(configMaps).get('a', 'default')).toBeDefined();
  });

  it('holds to its preconditions', async () => {
    const { metadata } = await createMap('a');
    const byUid = await refusal(deleteMap('a', { preconditions: { uid: 'other' } }));
    expect([byUid.code, byUid.message]).toEqual([409, `Operation cannot be fulfilled on ConfigMap "a": the UID in the precondition (other) does not match the UID in record (${metadata?.uid}). The object might have been deleted and then recreated`]);
    expect((await refusal(deleteMap('a', { preconditions: { resourceVersion: '1' } }))).message).toContain('the ResourceVersion in the precondition (1) does not match');
    await deleteMap('a', { preconditions: { uid: metadata?.uid, resourceVersion: metadata?.resourceVersion } });
  });

  it('refuses options that make no sense', async () => {
    await createMap('a');
    expect((await refusal(deleteMap('a', { propagationPolicy: 'Sideways' }))).code).toBe(422);
    expect((await refusal(deleteMap('a', { propagationPolicy: 'Orphan', orphanDependents: true }))).message).toContain('orphanDependents and deletionPropagation cannot be both set');
    expect((await refusal(deleteMap('a', { dryRun: ['Some'] }))).message).toContain('dryRun: Unsupported value: "Some": supported values: "All"');
  });

  it.each<[string, DeleteOptions, string[] | undefined]>([
    ['Background removes at once', { propagationPolicy: 'Background' }, undefined],
    ['Foreground waits for the dependents', { propagationPolicy: 'Foreground' }, ['foregroundDeletion']],
    ['Orphan waits until they are let go', { propagationPolicy: 'Orphan' }, ['orphan']],
    ['orphanDependents is Orphan', { orphanDependents: true }, ['orphan']],
    ['orphanDependents false is Background', { orphanDependents: false }, undefined],
  ])('%s', async (_, options, finalizers) => {
    await createMap('a');
    const answer = await deleteMap('a', options);
    if (finalizers) expect(answer).toMatchObject({ kind: 'ConfigMap', metadata: { finalizers, deletionTimestamp: '2026-01-01T00:00:00Z', deletionGracePeriodSeconds: 0 } });
    else expect(answer).toMatchObject({ kind: 'Status', status: 'Success' });
  });

  it('a second delete may change the policy, or change nothing', async () => {
    await createMap('a', { finalizers: ['example.com/wait'] });
    await deleteMap('a', { propagationPolicy: 'Foreground' });
    const { revision } = test.storage;
    expect(await deleteMap('a')).toMatchObject({ metadata: { finalizers: ['example.com/wait', 'foregroundDeletion'] } });
    expect(test.storage.revision).toBe(revision);
    expect(await deleteMap('a', { propagationPolicy: 'Background' })).toMatchObject({ metadata: { finalizers: ['example.com/wait'] } });
  });

  it('of a Job lets go of its pods unless told otherwise, and says so', async () => {
    const warnings: string[] = [];
    const context = { ...test.context, warnings };
    const store = test.registry.of(jobs);
    const remove = async (name: string, options: DeleteOptions): Promise<KubernetesObject> => {
      await store.create(test.context, 'default', { metadata: { name }, spec: { template: { spec: { containers: [{ name: 'a', image: 'a' }], restartPolicy: 'Never' } } } });
      return store.delete(context, name, 'default', options);
    };
    expect(await remove('a', {})).toMatchObject({ kind: 'Job', metadata: { finalizers: ['orphan'] } });
    expect(warnings).toEqual([expect.stringMatching(/^child pods are preserved by default when jobs are deleted; set propagationPolicy=Background/)]);
    expect(await remove('b', { propagationPolicy: 'Background' })).toMatchObject({ kind: 'Status' });
    expect(await remove('c', { propagationPolicy: 'Foreground' })).toMatchObject({ metadata: { finalizers: ['foregroundDeletion'] } });
    expect(await remove('d', { orphanDependents: false })).toMatchObject({ kind: 'Status' });
    expect(warnings).toHaveLength(1);
  });

  describe('of a pod', () => {
    const createPod = async (spec: Partial<NonNullable<Pod['spec']>> = {}): Promise<Pod> => {
      await test.registry.of(pods).create(test.context, 'default', {
        metadata: { name: 'web' }, spec: { containers: [{ name: 'main', image: 'busybox' }], terminationGracePeriodSeconds: 20, ...spec },
      });
      await test.client.bind('default', 'web', '', 'pi-1');
      return test.registry.of(pods).get('web', 'default');
    };
    const deletePod = (options: DeleteOptions = {}) => test.registry.of(pods).delete(test.context, 'web', 'default', options);

    it('takes the grace period of the spec', async () => {
      const { metadata } = await createPod();
      expect(await deletePod()).toMatchObject({
        metadata: { deletionTimestamp: '2026-01-01T00:00:20Z', deletionGracePeriodSeconds: 20, generation: metadata!.generation! + 1 },
      });
    });

    it('takes the one of the request, a negative one as a second', async () => {
      await createPod();
      expect(await deletePod({ gracePeriodSeconds: 5 })).toMatchObject({ metadata: { deletionGracePeriodSeconds: 5 } });
      expect(await deletePod({ gracePeriodSeconds: -1 })).toMatchObject({ metadata: { deletionGracePeriodSeconds: 1 } });
    });

    it('may be shortened, never prolonged', async () => {
      await createPod();
      await deletePod();
      await test.clock.advance(3000);
      expect(await deletePod({ gracePeriodSeconds: 40 })).toMatchObject({ metadata: { deletionGracePeriodSeconds: 20 } });
      expect(await deletePod({ gracePeriodSeconds: 10 })).toMatchObject({ metadata: { deletionTimestamp: '2026-01-01T00:00:10Z', deletionGracePeriodSeconds: 10 } });
      expect(await deletePod({ gracePeriodSeconds: 0 })).toMatchObject({
        kind: 'Pod', metadata: { deletionTimestamp: '2026-01-01T00:00:03Z', deletionGracePeriodSeconds: 0 },
      });
      expect(() => test.registry.of(pods).get('web', 'default')).toThrow('not found');
    });

    it('that is over leaves a second at least, and ends no earlier than now', async () => {
      await createPod();
      await deletePod({ gracePeriodSeconds: 20 });
      await test.clock.advance(10_000);
      expect(await deletePod({ gracePeriodSeconds: 5 })).toMatchObject({ metadata: { deletionTimestamp: '2026-01-01T00:00:10Z', deletionGracePeriodSeconds: 1 } });
    });

    it('removes a pod at once that no board runs', async () => {
      await test.registry.of(pods).create(test.context, 'default', { metadata: { name: 'web' }, spec: { containers: [{ name: 'main', image: 'busybox' }] } });
      expect(await deletePod({ gracePeriodSeconds: 30 })).toMatchObject({
        kind: 'Pod', metadata: { name: 'web', deletionTimestamp: '2026-01-01T00:00:00Z', deletionGracePeriodSeconds: 0, generation: 2 },
      });
      expect(() => test.registry.of(pods).get('web', 'default')).toThrow('not found');
    });

    it('removes a pod at once that has ended', async () => {
      await createPod();
      await test.client.resource(pods).modify('web', 'default', (copy) => Object.assign(copy, { status: { ...copy.status, phase: 'Succeeded' } }), 'status');
      expect(await deletePod()).toMatchObject({ kind: 'Pod', status: { phase: 'Succeeded' } });
      expect(() => test.registry.of(pods).get('web', 'default')).toThrow('not found');
    });
  });

  describe('of a namespace', () => {
    it('makes it Terminating until its finalizers are off', async () => {
      const deleted = await test.registry.of(namespaces).delete(test.context, 'team', undefined, {});
      expect(deleted).toMatchObject({
        spec: { finalizers: ['kubernetes'] }, status: { phase: 'Terminating' }, metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' },
      });
      expect(deleted.metadata).not.toHaveProperty('deletionGracePeriodSeconds');
    });

    it('refuses new content from then on', async () => {
      await test.registry.of(namespaces).delete(test.context, 'team', undefined, {});
      const error = await refusal(test.registry.of(configMaps).create(test.context, 'team', { metadata: { name: 'a' } }));
      expect([error.code, error.message]).toEqual([403, 'configmaps "a" is forbidden: unable to create new content in namespace team because it is being terminated']);
      expect(error.status.details?.causes).toEqual([{ reason: 'NamespaceTerminating', message: 'namespace team is being terminated', field: 'metadata.namespace' }]);
    });

    it('refuses content that is created while the deletion is being written', async () => {
      const commit = test.storage.commit.bind(test.storage);
      let reached: () => void = () => undefined;
      let proceed: () => void = () => undefined;
      const atDisk = new Promise<void>((resolve) => { reached = resolve; });
      const disk = new Promise<void>((resolve) => { proceed = resolve; });
      test.storage.commit = async (mutations) => {
        reached();
        await disk;
        return commit(mutations);
      };
      const deletion = test.registry.of(namespaces).delete(test.context, 'team', undefined, {});
      await atDisk;
      const creation = refusal(test.registry.of(configMaps).create(test.context, 'team', { metadata: { name: 'a' } }));
      proceed();
      expect((await creation).message).toContain('because it is being terminated');
      await deletion;
    });
  });

  it('of a collection deletes what the query means and returns it', async () => {
    for (const name of ['a', 'b', 'c']) await createMap(name, { labels: { keep: String(name === 'b') } });
    const query = { namespace: 'default', labelSelector: [{ key: 'keep', operator: 'In' as const, values: ['false'] }], fieldSelector: [] };
    const listed = await test.registry.of(configMaps).deleteCollection(test.context, query, {});
    expect(listed.items.map((item) => item.metadata?.name)).toEqual(['a', 'c']);
    const rest = test.registry.of(configMaps).list({ namespace: 'default', labelSelector: [], fieldSelector: [] });
    expect(rest.items.map((item) => item.metadata?.name)).toEqual(['b']);
  });
});

describe('bind', () => {
  let test: TestRegistry;
  beforeEach(async () => {
    test = await createTestRegistry();
    await test.registry.of(pods).create(test.context, 'default', { metadata: { name: 'web' }, spec: { containers: [{ name: 'main', image: 'busybox' }] } });
  });

  it('gives the pod its node and says so in a condition', async () => {
    await test.client.bind('default', 'web', test.registry.of(pods).get('web', 'default').metadata!.uid!, 'pi-1');
    const pod = test.registry.of(pods).get('web', 'default');
    expect(pod.spec?.nodeName).toBe('pi-1');
    expect(pod.status?.conditions).toEqual([{ type: 'PodScheduled', status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z' }]);
    expect(pod.metadata?.generation).toBe(1);
  });

  it('refuses a second node, another pod and a missing one', async () => {
    expect((await refusal(test.client.bind('default', 'web', 'other', 'pi-1'))).code).toBe(409);
    await test.client.bind('default', 'web', '', 'pi-1');
    const error = await refusal(test.client.bind('default', 'web', '', 'pi-2'));
    expect([error.code, error.message]).toEqual([409, 'Operation cannot be fulfilled on pods/binding "web": pod web is already assigned to node "pi-1"']);
    expect((await refusal(test.client.bind('default', 'gone', '', 'pi-2'))).code).toBe(404);
  });

  it('lets one of many schedulers win', async () => {
    const results = await Promise.allSettled(['pi-1', 'pi-2', 'pi-3'].map((node) => test.client.bind('default', 'web', '', node)));
    expect(results.map((result) => result.status).sort()).toEqual(['fulfilled', 'rejected', 'rejected']);
  });
});
