import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ipAddresses, serviceCIDRs, services } from '../../../api/resources.ts';
import { refusal } from '../../registry/testing/refusal.ts';
import { ensureServiceCidr } from '../bootstrap/service-cidr.ts';
import { startTestCluster, type TestCluster } from '../testing/test-cluster.ts';

let cluster: TestCluster;
const serve = (name: string, spec: object = {}) => cluster.client.resource(services).create({ metadata: { name, namespace: 'default' }, spec: { ports: [{ port: 80 }], ...spec } });
const addresses = async () => (await cluster.client.resource(ipAddresses).list()).items;
const ready = async (name: string) => (await cluster.client.resource(serviceCIDRs).get(name)).status?.conditions?.[0];

beforeEach(async () => {
  cluster = await startTestCluster({ only: ['service-address', 'service-cidr'] });
});
afterEach(() => cluster.stop());

describe('ServiceAddressController', () => {
  it('has an IPAddress for each address of a Service, as long as it has it', async () => {
    const web = await serve('web');
    await serve('headless', { clusterIP: 'None' });
    await serve('outside', { type: 'ExternalName', externalName: 'example.com', ports: undefined });
    await cluster.settle();
    expect(await addresses()).toMatchObject([{
      metadata: { name: web.spec?.clusterIP, labels: { 'ipaddress.kubernetes.io/ip-family': 'IPv4', 'ipaddress.kubernetes.io/managed-by': 'ipallocator.k8s.io' } },
      spec: { parentRef: { resource: 'services', namespace: 'default', name: 'web' } },
    }]);
    await cluster.client.resource(ipAddresses).delete(web.spec?.clusterIP ?? '', undefined);
    await cluster.settle();
    expect(await addresses()).toHaveLength(1);
    await cluster.client.resource(services).delete('web', 'default');
    await cluster.settle();
    expect(await addresses()).toEqual([]);
  });

  it('changes the owner when the address does, and leaves alone what others made', async () => {
    await serve('web', { clusterIP: '198.18.0.50' });
    await cluster.client.resource(ipAddresses).create({ metadata: { name: '198.18.0.60' }, spec: { parentRef: { resource: 'gateways', group: 'example.com', name: 'g' } } });
    await cluster.settle();
    await cluster.client.resource(services).delete('web', 'default');
    await serve('next', { clusterIP: '198.18.0.50' });
    await cluster.settle();
    expect((await addresses()).map(({ metadata, spec }) => [metadata?.name, spec?.parentRef?.name])).toEqual([['198.18.0.50', 'next'], ['198.18.0.60', 'g']]);
  });

  it('keeps Services from addresses that somebody else has, until they are free', async () => {
    const client = cluster.client.resource(ipAddresses);
    await client.create({ metadata: { name: '198.18.0.60' }, spec: { parentRef: { resource: 'gateways', group: 'example.com', name: 'g' } } });
    expect((await refusal(serve('web', { clusterIP: '198.18.0.60' }))).message).toContain('provided IP is already allocated');
    await serve('other', { clusterIP: '198.18.0.61' });
    expect((await refusal(client.create({ metadata: { name: '198.18.0.61' }, spec: { parentRef: { resource: 'gateways', name: 'g' } } }))).code).toBe(409);
    await client.delete('198.18.0.60', undefined);
    await expect(serve('web', { clusterIP: '198.18.0.60' })).resolves.toBeDefined();
  });
});

describe('ServiceCidrController', () => {
  it('says which ranges are served', async () => {
    await ensureServiceCidr(cluster.client, '198.18.0.0/24');
    await cluster.client.resource(serviceCIDRs).create({ metadata: { name: 'part' }, spec: { cidrs: ['198.18.0.128/25'] } });
    await cluster.client.resource(serviceCIDRs).create({ metadata: { name: 'other' }, spec: { cidrs: ['198.51.100.0/24'] } });
    await cluster.settle();
    expect(await ready('kubernetes')).toMatchObject({ type: 'Ready', status: 'True', message: 'Kubernetes Service CIDR is ready' });
    expect(await ready('part')).toMatchObject({ status: 'True' });
    expect(await ready('other')).toMatchObject({ status: 'False', reason: 'NotServed', message: 'Services get addresses of 198.18.0.0/24 only, the range that the control plane was started with' });
  });

  it('keeps a range while Services have addresses of it', async () => {
    await ensureServiceCidr(cluster.client, '198.18.0.0/24');
    await serve('web', { clusterIP: '198.18.0.50' });
    await cluster.settle();
    await cluster.client.resource(serviceCIDRs).delete('kubernetes', undefined);
    await cluster.settle();
    expect(await ready('kubernetes')).toMatchObject({ status: 'False', reason: 'Terminating' });
    await cluster.client.resource(services).delete('web', 'default');
    await cluster.settle();
    expect((await cluster.client.resource(serviceCIDRs).list()).items).toEqual([]);
  });

  it('has another object for another range', async () => {
    await ensureServiceCidr(cluster.client, '198.18.0.0/24');
    await serve('web', { clusterIP: '198.18.0.50' });
    await cluster.settle();
    const { metadata } = await cluster.client.resource(serviceCIDRs).get('kubernetes');
    await ensureServiceCidr(cluster.client, '198.18.0.0/24');
    expect((await cluster.client.resource(serviceCIDRs).get('kubernetes')).metadata?.uid).toBe(metadata?.uid);
    await cluster.stopControllers();
    await ensureServiceCidr(cluster.client, '198.19.0.0/24');
    expect((await cluster.client.resource(serviceCIDRs).get('kubernetes')).spec).toEqual({ cidrs: ['198.19.0.0/24'] });
  });
});
