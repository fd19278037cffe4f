import { afterEach, describe, expect, it } from 'vitest';
import type { Service } from '../../../api/core.ts';
import { isNotFound } from '../../../api/errors.ts';
import { deployments, endpoints, endpointSlices, pods, services } from '../../../api/resources.ts';
import { makeDeployment, startTestCluster } from '../testing/test-cluster.ts';
import type { TestCluster } from '../testing/test-cluster.ts';

const makeService = (name: string, selector?: Record<string, string>): Service => ({
  apiVersion: 'v1', kind: 'Service', metadata: { name, namespace: 'default', labels: { team: 'a' } },
  spec: { ...(selector ? { selector } : {}), ports: [{ name: 'http', port: 80, targetPort: 8080, protocol: 'TCP' }] },
});

describe('endpoint controllers', () => {
  let cluster: TestCluster;
  afterEach(() => cluster.stop());

  const slices = async () => (await cluster.client.resource(endpointSlices).list({ namespace: 'default' })).items;
  const addresses = async () => (await slices()).flatMap((slice) => slice.endpoints.map((endpoint) => ({ name: endpoint.targetRef?.name, ...endpoint.conditions })));

  it('show a Service\'s pods as they turn ready, unready, terminating and gone', async () => {
    cluster = await startTestCluster({ stopMs: 5000 });
    await cluster.client.resource(services).create(makeService('web', { app: 'web' }));
    await cluster.settle();
    expect((await slices()).map((slice) => slice.endpoints)).toEqual([[]]);
    await cluster.client.resource(deployments).create(makeDeployment('web', 'web:1', { replicas: 2 }));
    await cluster.settle();
    const [first, second] = cluster.pods().map((pod) => pod.metadata?.name ?? '').sort();
    const [slice] = await slices();
    expect(slice?.metadata).toMatchObject({
      generateName: 'web-',
      labels: { 'team': 'a', 'kubernetes.io/service-name': 'web', 'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io' },
      ownerReferences: [{ kind: 'Service', name: 'web', controller: true }],
    });
    expect(slice?.ports).toEqual([{ name: 'http', port: 8080, protocol: 'TCP' }]);
    const legacy = await cluster.client.resource(endpoints).get('web', 'default');
    expect(legacy.subsets?.[0]?.addresses?.map(({ targetRef }) => targetRef?.name).sort()).toEqual([first, second]);

    await cluster.setPodReady(first!, false);
    await cluster.settle();
    expect(await addresses()).toContainEqual({ name: first, ready: false, serving: false, terminating: false });
    await cluster.setPodReady(first!, true);
    await cluster.client.resource(pods).delete(first!, 'default');
    await cluster.settle();
    expect(await addresses()).toContainEqual({ name: first, ready: false, serving: true, terminating: true });
    expect((await cluster.client.resource(endpoints).get('web', 'default')).subsets?.[0]?.addresses?.map(({ targetRef }) => targetRef?.name)).not.toContain(first);
    await cluster.advance(6000);
    expect((await addresses()).map(({ name }) => name)).not.toContain(first);
    expect(await addresses()).toHaveLength(2);

    await cluster.client.resource(services).delete('web', 'default');
    await cluster.settle();
    expect(await slices()).toEqual([]);
    expect(await cluster.client.resource(endpoints).get('web', 'default').catch(isNotFound)).toBe(true);
  });

  it('write nothing for a change that no endpoint shows', async () => {
    cluster = await startTestCluster();
    await cluster.client.resource(services).create(makeService('web', { app: 'web' }));
    await cluster.client.resource(deployments).create(makeDeployment('web', 'web:1'));
    await cluster.settle();
    const before = (await slices()).map((slice) => slice.metadata?.resourceVersion);
    const name = cluster.pods()[0]?.metadata?.name ?? '';
    await cluster.client.resource(pods).modify(name, 'default', (copy) => ({ ...copy, status: { ...copy.status, message: 'hello' } }), 'status');
    await cluster.settle();
    expect((await slices()).map((slice) => slice.metadata?.resourceVersion)).toEqual(before);
  });

  it('mirror Endpoints that somebody keeps by hand, and only those', async () => {
    cluster = await startTestCluster();
    await cluster.client.resource(services).create(makeService('db'));
    await cluster.client.resource(endpoints).create({ metadata: { name: 'db', namespace: 'default' }, subsets: [{ addresses: [{ ip: '203.0.113.9' }], ports: [{ name: 'http', port: 5432, protocol: 'TCP' }] }] });
    await cluster.settle();
    expect((await slices()).map((slice) => [slice.metadata?.labels?.['endpointslice.kubernetes.io/managed-by'], slice.endpoints[0]?.addresses])).toEqual([['endpointslicemirroring-controller.k8s.io', ['203.0.113.9']]]);
    await cluster.client.resource(endpoints).modify('db', 'default', (copy) => ({ ...copy, subsets: [{ addresses: [{ ip: '203.0.113.10' }], ports: [{ name: 'http', port: 5432, protocol: 'TCP' }] }] }));
    await cluster.settle();
    expect((await slices()).map((slice) => slice.endpoints[0]?.addresses)).toEqual([['203.0.113.10']]);
    await cluster.client.resource(endpoints).delete('db', 'default');
    await cluster.settle();
    expect(await slices()).toEqual([]);
  });
});
