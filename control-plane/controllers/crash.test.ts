import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { deployments, endpointSlices, namespaces, replicaSets, services } from '../../api/resources.ts';
import { isPodActive } from './pod-readiness.ts';
import { makeDeployment, startTestCluster } from './testing/test-cluster.ts';

const moments = fc.array(fc.nat(12), { minLength: 1, maxLength: 4 });

describe('controllers that are killed at any moment', () => {
  it('finish a rollout, its endpoints and its clean-up after they come back', async () => {
    await fc.assert(fc.asyncProperty(moments, moments, async (duringRollout, duringDeletion) => {
      const cluster = await startTestCluster({ namespaces: ['team'] });
      const restartAt = async (turns: readonly number[]) => {
        for (const count of turns) {
          for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
          await cluster.stopControllers();
          await cluster.startControllers();
        }
        await cluster.advance(5000);
      };
      try {
        const { metadata, ...deployment } = makeDeployment('web', 'web:1');
        await cluster.client.resource(deployments).create({ ...deployment, metadata: { ...metadata, namespace: 'team' } });
        await cluster.client.resource(services).create({ metadata: { name: 'web', namespace: 'team' }, spec: { selector: { app: 'web' }, ports: [{ port: 80 }] } });
        await cluster.settle();
        await cluster.client.resource(deployments).modify('web', 'team', (copy) => ({ ...copy, spec: { ...copy.spec!, template: makeDeployment('web', 'web:2').spec!.template } }));
        await restartAt(duringRollout);
        const active = cluster.pods().filter(isPodActive);
        expect(active.map(({ spec }) => spec?.containers[0]?.image)).toEqual(['web:2', 'web:2', 'web:2']);
        expect((await cluster.client.resource(replicaSets).list()).items.map(({ spec }) => spec?.replicas).sort()).toEqual([0, 3]);
        const slices = (await cluster.client.resource(endpointSlices).list({ namespace: 'team' })).items;
        expect(slices.flatMap((slice) => slice.endpoints.map(({ targetRef }) => targetRef?.name)).sort()).toEqual(active.map((pod) => pod.metadata?.name).sort());

        await cluster.client.resource(namespaces).delete('team');
        await restartAt(duringDeletion);
        expect(cluster.pods()).toEqual([]);
        expect((await cluster.client.resource(namespaces).list()).items.map((namespace) => namespace.metadata?.name)).not.toContain('team');
      } finally {
        await cluster.stop();
      }
    }), { numRuns: 15 });
  }, 60_000);
});
