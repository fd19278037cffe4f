/** Server-side apply and warnings as operators in JavaScript use them: @kubernetes/client-node. */
import { AppsV1Api, KubeConfig, KubernetesObjectApi, PatchStrategy, setHeaderOptions, type KubernetesObject } from '@kubernetes/client-node';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startApiServer, type StartedApiServer } from '../start-api-server.ts';

let server: StartedApiServer;
const config = new KubeConfig();

beforeAll(async () => {
  server = await startApiServer();
  config.loadFromFile(server.kubeconfig);
});
afterAll(() => server.stop());

const web = (replicas: number) => ({
  apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web', namespace: 'default' },
  spec: { replicas, selector: { matchLabels: { app: 'web' } }, template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'web', image: 'nginx' }] } } },
});

it('applies objects, meets conflicts and forces', async () => {
  const objects = KubernetesObjectApi.makeApiClient(config);
  const apply = (replicas: number, manager: string, force = false) => objects.patch<KubernetesObject>(web(replicas), undefined, undefined, manager, force, PatchStrategy.ServerSideApply);
  const created = await apply(1, 'one');
  expect(created.metadata?.managedFields?.map(({ manager, operation }) => [manager, operation])).toEqual([['one', 'Apply']]);
  await expect(apply(2, 'two')).rejects.toMatchObject({ code: 409, body: expect.stringContaining('conflict with \\"one\\": .spec.replicas') as string });
  expect(await apply(2, 'two', true)).toMatchObject({ spec: { replicas: 2 } });
});

it('lets a strategic merge patch say what it likes of the kind, as Ansible does when it scales', async () => {
  const apps = config.makeApiClient(AppsV1Api);
  await apps.createNamespacedDeployment({ namespace: 'default', body: { metadata: { name: 'ansible' }, spec: { selector: { matchLabels: { app: 'x' } }, template: { metadata: { labels: { app: 'x' } }, spec: { containers: [{ name: 'main', image: 'x' }] } } } } });
  const scaled = await apps.patchNamespacedDeploymentScale(
    { name: 'ansible', namespace: 'default', body: { kind: 'Deployment', metadata: { name: 'ansible', namespace: 'default' }, spec: { replicas: 2 } } }, setHeaderOptions('Content-Type', PatchStrategy.StrategicMergePatch),
  );
  expect(scaled).toMatchObject({ kind: 'Scale', apiVersion: 'autoscaling/v1', spec: { replicas: 2 } });
  await apps.deleteNamespacedDeployment({ name: 'ansible', namespace: 'default' });
});

it('patches scale', async () => {
  const apps = config.makeApiClient(AppsV1Api);
  const scaled = await apps.patchNamespacedDeploymentScale(
    { name: 'web', namespace: 'default', body: { spec: { replicas: 5 } }, fieldManager: 'scaler' }, setHeaderOptions('Content-Type', PatchStrategy.MergePatch),
  );
  expect(scaled.spec?.replicas).toBe(5);
  const { metadata } = await apps.readNamespacedDeployment({ name: 'web', namespace: 'default' });
  expect(metadata?.managedFields?.find(({ subresource }) => subresource === 'scale')).toMatchObject({ manager: 'scaler', operation: 'Update' });
});
