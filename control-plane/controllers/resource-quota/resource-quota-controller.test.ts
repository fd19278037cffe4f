import { afterEach, describe, expect, it } from 'vitest';
import { configMaps, persistentVolumeClaims, pods, resourceQuotas } from '../../../api/resources.ts';
import { startTestCluster } from '../testing/test-cluster.ts';
import type { TestCluster } from '../testing/test-cluster.ts';

let cluster: TestCluster | undefined;
afterEach(async () => {
  await cluster?.stop();
  cluster = undefined;
});

describe('ResourceQuotaController', () => {
  it('shows what is used, also when something goes or a quota changes', async () => {
    cluster = await startTestCluster({ only: ['resource-quota'] });
    const { client } = cluster;
    const status = async () => (await client.resource(resourceQuotas).get('q', 'default')).status;
    await client.resource(configMaps).create({ metadata: { name: 'a', namespace: 'default' } });
    await client.resource(resourceQuotas).create({ metadata: { name: 'q', namespace: 'default' }, spec: { hard: { 'count/configmaps': '5', pods: '2', 'requests.memory': '1Gi', resourcequotas: '1' } } });
    await cluster.settle();
    expect(await status()).toEqual({
      hard: { 'count/configmaps': '5', pods: '2', 'requests.memory': '1Gi', resourcequotas: '1' },
      used: { 'count/configmaps': '1', pods: '0', 'requests.memory': '0', resourcequotas: '1' },
    });
    await client.resource(pods).create({ metadata: { name: 'p', namespace: 'default' }, spec: { containers: [{ name: 'c', image: 'i', resources: { requests: { memory: '64Mi' } } }] } });
    await client.resource(configMaps).delete('a', 'default');
    await cluster.settle();
    expect((await status())?.used).toEqual({ 'count/configmaps': '0', pods: '1', 'requests.memory': '64Mi', resourcequotas: '1' });
    await client.resource(pods).delete('p', 'default', { gracePeriodSeconds: 0 });
    await client.resource(resourceQuotas).modify('q', 'default', (copy) => ({ ...copy, spec: { hard: { pods: '3' } } }));
    await cluster.settle();
    expect(await status()).toEqual({ hard: { pods: '3' }, used: { pods: '0' } });
  });
});

describe('VolumeProtectionController', () => {
  it('lets a claim go when no pod uses it any more', async () => {
    cluster = await startTestCluster({ only: ['volume-protection'] });
    const { client } = cluster;
    const claims = client.resource(persistentVolumeClaims);
    await claims.create({ metadata: { name: 'data', namespace: 'default' }, spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } });
    await client.resource(pods).create({
      metadata: { name: 'p', namespace: 'default' }, spec: { containers: [{ name: 'c', image: 'i' }], volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'data' } }] },
    });
    await claims.delete('data', 'default');
    await cluster.settle();
    expect((await claims.get('data', 'default')).metadata?.finalizers).toEqual(['kubernetes.io/pvc-protection']);
    await client.resource(pods).delete('p', 'default', { gracePeriodSeconds: 0 });
    await cluster.settle();
    await expect(claims.get('data', 'default')).rejects.toThrow('not found');
  });
});
