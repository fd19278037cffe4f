import { afterEach, describe, expect, it } from 'vitest';
import type { ServiceAccount } from '../../api/core.ts';
import { configMaps, endpoints, endpointSlices, events, flowSchemas, namespaces, nodes, pods, priorityLevelConfigurations, secrets, serviceAccounts, services } from '../../api/resources.ts';
import { createTestRegistry } from '../registry/testing/test-registry.ts';
import { ensureFlowControlObjects } from './bootstrap/flow-control-objects.ts';
import { ensureSystemNamespaces } from './bootstrap/system-namespaces.ts';
import { ensureDnsService, ensureKubernetesService } from './bootstrap/system-services.ts';
import { startTestCluster } from './testing/test-cluster.ts';
import type { TestCluster, TestClusterOptions } from './testing/test-cluster.ts';

let cluster: TestCluster | undefined;
afterEach(async () => {
  await cluster?.stop();
  cluster = undefined;
});
const start = async (options: TestClusterOptions): Promise<TestCluster> => {
  cluster = await startTestCluster(options);
  return cluster;
};

describe('NodeIpamController', () => {
  const blocks = async ({ client }: TestCluster) => Object.fromEntries((await client.resource(nodes).list()).items.map((node): [string, unknown] => [node.metadata?.name ?? '', node.spec?.podCIDRs?.[0]]));

  it('gives every node a block of its own and takes it back, also over a restart', async () => {
    const test = await start({ only: ['node-ipam'], settings: { nodeIpam: { clusterCidr: '198.19.0.0/23', nodePrefix: 24 } } });
    await Promise.all([test.addNode('a'), test.addNode('b'), test.addNode('c')]);
    await test.settle();
    const before = await blocks(test);
    expect(Object.values(before).filter(Boolean).sort()).toEqual(['198.19.0.0/24', '198.19.1.0/24']);
    expect((await test.client.resource(events).list()).items.map(({ reason }) => reason)).toEqual(['CIDRNotAvailable']);
    await test.stopControllers();
    await test.startControllers();
    await test.settle();
    expect(await blocks(test)).toEqual(before);
    const [winner] = Object.entries(before).find(([, block]) => block)!;
    await test.client.resource(nodes).delete(winner);
    await test.settle();
    expect(Object.values(await blocks(test)).sort()).toEqual(['198.19.0.0/24', '198.19.1.0/24']);
  });
});

describe('ServiceAccountController', () => {
  it('gives every namespace its account and the cluster\'s certificate, again when they are lost or changed', async () => {
    const test = await start({ only: ['service-account'] });
    await test.client.resource(namespaces).create({ metadata: { name: 'team' } });
    await test.settle();
    expect((await test.client.resource(serviceAccounts).get('default', 'team')).metadata?.name).toBe('default');
    expect((await test.client.resource(configMaps).get('kube-root-ca.crt', 'team')).data).toEqual({ 'ca.crt': 'CA' });
    await test.client.resource(serviceAccounts).delete('default', 'team');
    await test.client.resource(configMaps).modify('kube-root-ca.crt', 'team', (copy) => ({ ...copy, data: { 'ca.crt': 'forged' } }));
    await test.client.resource(configMaps).delete('kube-root-ca.crt', 'default');
    await test.settle();
    expect((await test.client.resource(serviceAccounts).get('default', 'team')).metadata?.name).toBe('default');
    expect((await test.client.resource(configMaps).get('kube-root-ca.crt', 'team')).data).toEqual({ 'ca.crt': 'CA' });
    expect((await test.client.resource(configMaps).get('kube-root-ca.crt', 'default')).data).toEqual({ 'ca.crt': 'CA' });
  });
});

describe('ServiceAccountTokenController', () => {
  const type = 'kubernetes.io/service-account-token';
  const secretOf = (name: string, account: string, uid?: string) => ({
    metadata: { name, namespace: 'default', annotations: { 'kubernetes.io/service-account.name': account, ...(uid ? { 'kubernetes.io/service-account.uid': uid } : {}) } }, type,
  });
  const decoded = (data: Record<string, string> = {}) => Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]));

  it('fills Secrets with the token of their account, and takes away those of accounts that are gone or another', async () => {
    const issued: string[] = [];
    const issueLegacy = (account: ServiceAccount, secret: string) => {
      issued.push(`${account.metadata?.name}/${secret}`);
      return Promise.resolve(`token-${issued.length}`);
    };
    const test = await start({ only: ['service-account-token'], settings: { serviceAccountTokens: { caCertificate: 'CA', issueLegacy } } });
    const accounts = test.client.resource(serviceAccounts);
    const kept = test.client.resource(secrets);
    const names = async () => (await kept.list({ namespace: 'default' })).items.map(({ metadata }) => metadata?.name);
    await accounts.create({ metadata: { name: 'robot', namespace: 'default' } });
    const robot = await accounts.get('robot', 'default');
    for (const secret of [secretOf('good', 'robot'), secretOf('also', 'robot', robot.metadata?.uid), secretOf('other', 'robot', 'another-uid'), secretOf('nobody', 'nobody'), { metadata: { name: 'plain', namespace: 'default' } }]) await kept.create(secret);
    await test.settle();
    expect(await names()).toEqual(['also', 'good', 'plain']);
    expect(issued.sort()).toEqual(['robot/also', 'robot/good']);
    const good = await kept.get('good', 'default');
    expect(good.metadata?.annotations?.['kubernetes.io/service-account.uid']).toBe(robot.metadata?.uid);
    expect(decoded(good.data)).toEqual({ 'ca.crt': 'CA', namespace: 'default', token: expect.stringMatching(/^token-/) as string });
    await kept.modify('good', 'default', (copy) => ({ ...copy, data: { ...copy.data, 'ca.crt': '', extra: 'eA==' } }));
    await test.settle();
    expect(decoded((await kept.get('good', 'default')).data)).toMatchObject({ 'ca.crt': 'CA', extra: 'x', token: decoded(good.data)['token'] });
    await accounts.delete('robot', 'default');
    await test.settle();
    expect(await names()).toEqual(['plain']);
  });
});

describe('FlowSchemaController', () => {
  it('says whether the priority level of a schema exists, as levels come and go', async () => {
    const test = await start({ only: ['flow-schema'] });
    const levels = test.client.resource(priorityLevelConfigurations);
    const schemas = test.client.resource(flowSchemas);
    const conditions = async () => (await schemas.get('mine')).status?.conditions;
    await schemas.create({ metadata: { name: 'mine' }, spec: { priorityLevelConfiguration: { name: 'slow' }, rules: [] } });
    await test.settle();
    const about = 'This FlowSchema references the PriorityLevelConfiguration object named "slow"';
    expect(await conditions()).toMatchObject([{ type: 'Dangling', status: 'True', reason: 'NotFound', message: `${about} but there is no such object` }]);
    await levels.create({ metadata: { name: 'slow' }, spec: { type: 'Limited', limited: { limitResponse: { type: 'Reject' } } } });
    await test.settle();
    expect(await conditions()).toMatchObject([{ type: 'Dangling', status: 'False', reason: 'Found', message: `${about} and it exists`, lastTransitionTime: expect.any(String) as string }]);
    await levels.delete('slow');
    await test.settle();
    expect(await conditions()).toMatchObject([{ status: 'True' }]);
  });
});

describe('the mandatory and suggested objects of flow control', () => {
  it('come back when they are deleted', async () => {
    const test = await start({ only: ['flow-schema'] });
    await ensureFlowControlObjects(test.client);
    const levels = test.client.resource(priorityLevelConfigurations);
    const schemas = test.client.resource(flowSchemas);
    const names = async () => [...(await levels.list()).items, ...(await schemas.list()).items].map(({ metadata }) => metadata?.name).sort();
    const before = await names();
    await schemas.delete('exempt');
    await levels.delete('workload-low');
    await test.advance(15_000);
    expect(await names()).toEqual(before);
    const { items } = await schemas.list();
    expect(items.map(({ status }) => status?.conditions?.map(({ status: dangling }) => dangling))).toEqual(items.map(() => ['False']));
  });
});

describe('PodGcController', () => {
  it('removes the pods of a node that is gone, after a quarantine', async () => {
    const test = await start({ only: ['pod-gc'] });
    await test.addNode('board-1');
    await test.client.resource(pods).create({ metadata: { name: 'web', namespace: 'default' }, spec: { containers: [{ name: 'main', image: 'web' }], terminationGracePeriodSeconds: 30 } });
    await test.settle();
    await test.client.resource(nodes).delete('board-1');
    await test.advance(30_000);
    expect(test.pods()).toHaveLength(1);
    await test.advance(15_000);
    expect(test.pods()).toEqual([]);
  });

  it('keeps them when the node comes back in time', async () => {
    const test = await start({ only: ['pod-gc'] });
    await test.addNode('board-1');
    await test.client.resource(pods).create({ metadata: { name: 'web', namespace: 'default' }, spec: { containers: [{ name: 'main', image: 'web' }] } });
    await test.settle();
    await test.client.resource(nodes).delete('board-1');
    await test.advance(30_000);
    await test.addNode('board-1');
    await test.advance(120_000, 10_000);
    expect(test.pods()).toHaveLength(1);
  });

  it('keeps only so many finished pods', async () => {
    const test = await start({ only: ['pod-gc'], settings: { podGc: { terminatedPodThreshold: 2 } } });
    await test.addNode('board-1');
    for (let index = 0; index < 4; index++) {
      await test.client.resource(pods).create({ metadata: { name: `job-${index}`, namespace: 'default' }, spec: { containers: [{ name: 'main', image: 'web' }] } });
      await test.advance(1000);
      await test.client.resource(pods).modify(`job-${index}`, 'default', (copy) => ({ ...copy, status: { ...copy.status, phase: 'Succeeded' } }), 'status');
    }
    await test.settle();
    expect(test.pods().map(({ metadata }) => metadata?.name)).toEqual(['job-2', 'job-3']);
  });
});

describe('bootstrap', () => {
  it('makes what the cluster itself needs, once, and follows the API server to another address', async () => {
    const { client, storage } = await createTestRegistry();
    const ensure = async (address: string) => {
      await ensureSystemNamespaces(client);
      await ensureKubernetesService(client, { clusterIP: '198.18.0.1', addresses: [address], port: 6443 });
      await ensureDnsService(client, { clusterIP: '198.18.0.10' });
    };
    await ensure('203.0.113.1');
    expect((await client.resource(namespaces).list()).items.map(({ metadata }) => metadata?.name)).toEqual(['default', 'kube-node-lease', 'kube-public', 'kube-system']);
    expect((await client.resource(services).get('kubernetes', 'default')).spec).toMatchObject({ clusterIP: '198.18.0.1', ports: [{ name: 'https', port: 443, targetPort: 6443 }] });
    expect((await client.resource(services).get('kube-dns', 'kube-system')).spec?.ports?.map(({ name, port, protocol }) => `${name} ${port}/${protocol}`)).toEqual(['dns 53/UDP', 'dns-tcp 53/TCP']);
    const revision = storage.revision;
    await ensure('203.0.113.1');
    expect(storage.revision).toBe(revision);
    await ensure('203.0.113.2');
    expect((await client.resource(endpoints).get('kubernetes', 'default')).subsets).toEqual([{ addresses: [{ ip: '203.0.113.2' }], ports: [{ name: 'https', port: 6443, protocol: 'TCP' }] }]);
    expect((await client.resource(endpointSlices).get('kubernetes', 'default')).endpoints.map(({ addresses }) => addresses)).toEqual([['203.0.113.2']]);
  });

  it('leaves no mirror of the API server\'s endpoints', async () => {
    const test = await start({ only: ['endpoint-slice-mirroring', 'endpoints', 'endpoint-slice'] });
    await ensureKubernetesService(test.client, { clusterIP: '198.18.0.1', addresses: ['203.0.113.1'], port: 6443 });
    await test.settle();
    expect((await test.client.resource(endpointSlices).list()).items.map(({ metadata }) => metadata?.name)).toEqual(['kubernetes']);
  });
});
