import { beforeEach, describe, expect, it } from 'vitest';
import type { StatusError } from '../../api/errors.ts';
import type { ConfigMap, Pod } from '../../api/core.ts';
import { configMaps, deployments, namespaces, nodes, pods, replicaSets } from '../../api/resources.ts';
import { refusal } from './testing/refusal.ts';
import { createTestRegistry } from './testing/test-registry.ts';
import type { TestRegistry } from './testing/test-registry.ts';

const simplePod: Pod = { metadata: { name: 'web' }, spec: { containers: [{ name: 'main', image: 'busybox' }] } };

describe('create', () => {
  let test: TestRegistry;
  beforeEach(async () => { test = await createTestRegistry(); });
  const create = (object: ConfigMap, namespace: string | undefined = 'default') =>
    test.registry.of(configMaps).create(test.context, namespace, object);

  it('sets what the server owns', async () => {
    const created = await create({ metadata: { name: 'a' }, data: { key: 'value' } });
    expect(created).toMatchObject({
      apiVersion: 'v1', kind: 'ConfigMap', data: { key: 'value' },
      metadata: { name: 'a', namespace: 'default', creationTimestamp: '2026-01-01T00:00:00Z' },
    });
    expect(created.metadata?.uid).toMatch(/^[0-9a-f-]{36}$/);
    expect(Number(created.metadata?.resourceVersion)).toBe(test.storage.revision);
    expect(test.registry.of(configMaps).get('a', 'default')).toBe(created);
  });

  it('overwrites what a client pretends to own', async () => {
    const created = await create({
      metadata: { name: 'a', uid: 'mine', creationTimestamp: '1999-01-01T00:00:00Z', deletionTimestamp: '1999-01-01T00:00:00Z', generation: 7, selfLink: 'x', managedFields: [{}] },
    });
    expect(created.metadata?.uid).not.toBe('mine');
    expect(Object.keys(created.metadata ?? {}).sort()).toEqual(['creationTimestamp', 'name', 'namespace', 'resourceVersion', 'uid']);
  });

  it('leaves the object of the caller alone', async () => {
    const given = Object.freeze({ metadata: Object.freeze({ name: 'a', labels: Object.freeze({ a: 'b' }) }) });
    await create(given);
    expect(given).toEqual({ metadata: { name: 'a', labels: { a: 'b' } } });
  });

  it('begins generation with 1 for kinds that have one', async () => {
    const template = { metadata: { labels: { app: 'a' } }, spec: { containers: [{ name: 'main', image: 'busybox' }] } };
    const replicaSet = await test.registry.of(replicaSets).create(test.context, 'default', {
      metadata: { name: 'a', generation: 5 }, spec: { selector: { matchLabels: { app: 'a' } }, template },
    });
    expect(replicaSet.metadata?.generation).toBe(1);
    expect((await create({ metadata: { name: 'a' } })).metadata?.generation).toBeUndefined();
  });

  it('drops the status of kinds with a status subresource', async () => {
    const created = await test.registry.of(pods).create(test.context, 'default', { ...simplePod, status: { phase: 'Running', podIP: '198.18.0.9' } });
    expect(created.status).toEqual({ phase: 'Pending', qosClass: 'BestEffort' });
  });

  it('keeps the status with which a node registers', async () => {
    const created = await test.registry.of(nodes).create(test.context, undefined, { metadata: { name: 'pi-1' }, status: { capacity: { cpu: '4' } } });
    expect(created.status?.capacity).toEqual({ cpu: '4' });
  });

  it('takes the namespace of the request, and refuses another one in the object', async () => {
    expect((await create({ metadata: { name: 'a' } })).metadata?.namespace).toBe('default');
    const error = await refusal(create({ metadata: { name: 'b', namespace: 'kube-system' } }));
    expect([error.code, error.message]).toEqual([400, 'the namespace of the provided object does not match the namespace sent on the request']);
  });

  it('takes the namespace off a cluster-scoped object', async () => {
    const created = await test.registry.of(nodes).create(test.context, undefined, { metadata: { name: 'pi-1', namespace: 'default' } });
    expect(created.metadata).not.toHaveProperty('namespace');
  });

  it('refuses a resourceVersion', async () => {
    const error = await refusal(create({ metadata: { name: 'a', resourceVersion: '4' } }));
    expect([error.code, error.message]).toEqual([400, 'resourceVersion should not be set on objects to be created']);
    expect((await refusal(create({ metadata: { name: 'A', resourceVersion: '4' } }))).code, 'what is invalid is said first').toBe(422);
    const tried = await test.registry.of(configMaps).create({ ...test.context, dryRun: true }, 'default', { metadata: { name: 'a', resourceVersion: '4' } });
    expect(tried.metadata?.name, 'a try of a copy, as controller-runtime does it').toBe('a');
  });

  it('refuses an object without a name', async () => {
    const error = await refusal(create({ metadata: {} }));
    expect(error.code).toBe(422);
    expect(error.status.details?.causes).toContainEqual({ reason: 'FieldValueRequired', field: 'metadata.name', message: 'Required value: name or generateName is required' });
  });

  it('refuses a second object of that name', async () => {
    await create({ metadata: { name: 'a' } });
    const error = await refusal(create({ metadata: { name: 'a' } }));
    expect([error.code, error.reason, error.message]).toEqual([409, 'AlreadyExists', 'configmaps "a" already exists']);
  });

  it('lets one of many creates of one name succeed', async () => {
    const results = await Promise.allSettled(Array.from({ length: 20 }, () => create({ metadata: { name: 'a' } })));
    expect(results.filter((result) => result.status === 'fulfilled')).toHaveLength(1);
    for (const result of results) if (result.status === 'rejected') expect((result.reason as StatusError).reason).toBe('AlreadyExists');
  });

  it('says so when the one that is there is going away', async () => {
    await create({ metadata: { name: 'a', finalizers: ['example.com/wait'] } });
    await test.registry.of(configMaps).delete(test.context, 'a', 'default', {});
    expect((await refusal(create({ metadata: { name: 'a' } }))).message).toBe('object is being deleted: configmaps "a" already exists');
  });

  describe('generateName', () => {
    it('appends five characters of an alphabet without words', async () => {
      const created = await create({ metadata: { generateName: 'web-' } });
      expect(created.metadata?.name).toMatch(/^web-[bcdfghjklmnpqrstvwxz2456789]{5}$/);
      expect(created.metadata?.generateName).toBe('web-');
    });

    it('keeps the name within 63 characters', async () => {
      const created = await create({ metadata: { generateName: 'a'.repeat(63) } });
      expect(created.metadata?.name).toHaveLength(63);
    });

    it('draws again when the name is taken, and gives up after eight', async () => {
      let draws = 0;
      let letter = (): number => 0;
      const fixed = await createTestRegistry({ random: { uuid: () => 'uid', integer: () => { draws += 1; return letter(); } } });
      const generate = () => fixed.registry.of(configMaps).create(fixed.context, 'default', { metadata: { generateName: 'a-' } });
      expect((await generate()).metadata?.name).toBe('a-bbbbb');
      draws = 0;
      letter = () => (draws <= 35 ? 0 : 1);
      expect((await generate()).metadata?.name).toBe('a-ccccc');
      expect(draws).toBe(40);
      draws = 0;
      letter = () => 0;
      const stuck = await refusal(generate());
      expect([stuck.reason, draws]).toEqual(['AlreadyExists', 40]);
      expect(stuck.message).toMatch(/the server was not able to generate a unique name for the object$/);
    });

    it('gives a namespace the label of its final name', async () => {
      const created = await test.registry.of(namespaces).create(test.context, undefined, { metadata: { generateName: 'team-' } });
      expect(created.metadata?.labels).toEqual({ 'kubernetes.io/metadata.name': created.metadata?.name });
    });
  });

  it('writes nothing in a dry run', async () => {
    const before = test.storage.revision;
    const created = await test.registry.of(configMaps).create({ ...test.context, dryRun: true }, 'default', { metadata: { name: 'a' } });
    expect(created.metadata?.uid).toBeDefined();
    expect(test.storage.revision).toBe(before);
    expect(() => test.registry.of(configMaps).get('a', 'default')).toThrow('configmaps "a" not found');
  });

  it('names the group in errors', async () => {
    expect(() => test.registry.of(deployments).get('a', 'default')).toThrow('deployments.apps "a" not found');
  });
});
