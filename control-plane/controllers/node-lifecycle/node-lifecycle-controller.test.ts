import { afterEach, describe, expect, it } from 'vitest';
import type { Pod } from '../../../api/core.ts';
import { events, leases, namespaces, nodes, pods } from '../../../api/resources.ts';
import { microTimestamp } from '../../../machinery/clock.ts';
import { podCondition } from '../pod-readiness.ts';
import { nodeConditions, startTestCluster } from '../testing/test-cluster.ts';
import type { TestCluster } from '../testing/test-cluster.ts';

describe('NodeLifecycleController', () => {
  let cluster: TestCluster;
  afterEach(() => cluster.stop());

  const start = async (...names: string[]) => {
    cluster = await startTestCluster({ only: ['node-lifecycle'] });
    await cluster.client.resource(namespaces).create({ metadata: { name: 'kube-node-lease' } });
    for (const name of names) {
      await cluster.addNode(name);
      await cluster.client.resource(leases).create({ metadata: { name, namespace: 'kube-node-lease' }, spec: { holderIdentity: name } });
    }
    await cluster.settle();
  };
  const renew = (name: string) => cluster.client.resource(leases).modify(name, 'kube-node-lease', (copy) => ({ ...copy, spec: { ...copy.spec, renewTime: microTimestamp(cluster.test.clock.now()) } }));
  const pass = async (seconds: number, alive: readonly string[]) => {
    for (let passed = 0; passed < seconds; passed += 10) {
      await cluster.advance(10_000);
      for (const name of alive) await renew(name);
    }
    await cluster.settle();
  };
  const node = (name: string) => cluster.client.resource(nodes).get(name);
  const ready = async (name: string) => (await node(name)).status?.conditions?.find(({ type }) => type === 'Ready');
  const taints = async (name: string) => (await node(name)).spec?.taints?.map(({ key, effect }) => `${key}:${effect}`) ?? [];
  const makePod = (tolerationSeconds?: number): Pod => ({
    metadata: { name: 'web', namespace: 'default' },
    spec: {
      containers: [{ name: 'main', image: 'web' }], terminationGracePeriodSeconds: 30,
      ...(tolerationSeconds === undefined ? {} : { tolerations: [{ key: 'node.kubernetes.io/unreachable', operator: 'Exists', effect: 'NoExecute', tolerationSeconds }] }),
    },
  });

  it('a node that renews its lease stays ready', async () => {
    await start('board-1', 'board-2');
    await pass(120, ['board-1', 'board-2']);
    expect(await ready('board-1')).toMatchObject({ status: 'True' });
    expect(await taints('board-1')).toEqual([]);
  });

  it('a silent one turns Unknown after the grace period, its pods count as not ready and leave when their toleration ends', async () => {
    await start('board-1', 'board-2');
    await cluster.client.resource(pods).create(makePod(30));
    await cluster.settle();
    await pass(30, ['board-2']);
    expect(await ready('board-1')).toMatchObject({ status: 'True' });
    await pass(20, ['board-2']);
    expect(await ready('board-1')).toMatchObject({ status: 'Unknown', reason: 'NodeStatusUnknown', message: 'Kubelet stopped posting node status.' });
    expect(await taints('board-1')).toEqual(['node.kubernetes.io/unreachable:NoSchedule', 'node.kubernetes.io/unreachable:NoExecute']);
    expect(await taints('board-2')).toEqual([]);
    const pod = await cluster.client.resource(pods).get('web', 'default');
    expect(podCondition(pod, 'Ready')?.status).toBe('False');
    expect(pod.metadata?.deletionTimestamp).toBeUndefined();
    await pass(40, ['board-2']);
    expect(cluster.pods()).toEqual([]);
    const reasons = (await cluster.client.resource(events).list()).items.map(({ reason, message }) => `${reason}: ${message}`);
    expect(reasons).toContain('NodeNotReady: Node board-1 status is now: NodeNotReady');
    expect(reasons).toContain('TaintManagerEviction: Marking for deletion Pod default/web');
  });

  it('a node that comes back is untainted and its pods stay', async () => {
    await start('board-1', 'board-2');
    await cluster.client.resource(pods).create(makePod(300));
    await cluster.settle();
    await pass(50, ['board-2']);
    expect(await taints('board-1')).toHaveLength(2);
    await cluster.client.resource(nodes).modify('board-1', undefined, (copy) => ({ ...copy, status: { ...copy.status, conditions: nodeConditions('True', cluster.test.clock.now()) } }), 'status');
    await pass(400, ['board-1', 'board-2']);
    expect(await taints('board-1')).toEqual([]);
    expect(cluster.pods()).toHaveLength(1);
  });

  it('when no node is ready, nobody is driven out: the fault is on this side', async () => {
    await start('board-1', 'board-2');
    await cluster.client.resource(pods).create(makePod(10));
    await cluster.settle();
    await pass(200, []);
    expect(await taints('board-1')).toEqual(['node.kubernetes.io/unreachable:NoSchedule']);
    expect(cluster.pods()).toHaveLength(1);
  });

  it('a restarted control plane gives every node its grace period anew', async () => {
    await start('board-1', 'board-2');
    await pass(30, ['board-2']);
    await cluster.stopControllers();
    await cluster.startControllers();
    await pass(30, ['board-2']);
    expect(await ready('board-1')).toMatchObject({ status: 'True' });
    await pass(20, ['board-2']);
    expect(await ready('board-1')).toMatchObject({ status: 'Unknown' });
  });

  it('a cordoned node is tainted, an uncordoned one is not', async () => {
    await start('board-1');
    const cordon = async (unschedulable: boolean) => {
      await cluster.client.resource(nodes).modify('board-1', undefined, (copy) => ({ ...copy, spec: { ...copy.spec, unschedulable } }));
      await cluster.settle();
      return taints('board-1');
    };
    expect(await cordon(true)).toEqual(['node.kubernetes.io/unschedulable:NoSchedule']);
    expect(await cordon(false)).toEqual([]);
  });
});
