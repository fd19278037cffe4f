/** An operator as people write them: plain client-node, an informer on a kind of its own, status through the subresource. */
import { CoreV1Api, CustomObjectsApi, ApiextensionsV1Api, KubeConfig, makeInformer, type KubernetesListObject, type KubernetesObject } from '@kubernetes/client-node';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { eventually } from '../../../../machinery/testing/eventually.ts';
import { makeDefinition } from '../../../custom-resources/testing/definitions.ts';
import { Kubectl } from './kubectl.ts';
import { startApiServer, type StartedApiServer } from '../start-api-server.ts';

interface CronTab extends KubernetesObject {
  spec: { cronSpec: string; replicas?: number };
  status?: { replicas?: number };
}

const kind = { group: 'stable.example.com', version: 'v1', plural: 'crontabs' };

let server: StartedApiServer;
let config: KubeConfig;

beforeAll(async () => {
  server = await startApiServer();
  config = new KubeConfig();
  config.loadFromFile(server.kubeconfig);
});

afterAll(() => server.stop());

it('acts on its own kind as on a built-in one', async () => {
  const definitions = config.makeApiClient(ApiextensionsV1Api);
  const custom = config.makeApiClient(CustomObjectsApi);
  const core = config.makeApiClient(CoreV1Api);
  await definitions.createCustomResourceDefinition({ body: makeDefinition() as never });
  await eventually(async () => {
    const { status } = await definitions.readCustomResourceDefinition({ name: 'crontabs.stable.example.com' });
    return status?.conditions?.some((condition) => condition.type === 'Established' && condition.status === 'True');
  });
  const list = () => custom.listNamespacedCustomObject({ ...kind, namespace: 'default' }) as Promise<KubernetesListObject<CronTab>>;
  const informer = makeInformer<CronTab>(config, '/apis/stable.example.com/v1/namespaces/default/crontabs', list);
  const reconcile = async ({ metadata, spec, status }: CronTab): Promise<void> => {
    const name = metadata!.name!;
    if (status?.replicas === spec.replicas) return;
    const body = {
      metadata: { name, ownerReferences: [{ apiVersion: 'stable.example.com/v1', kind: 'CronTab', name, uid: metadata!.uid!, controller: true }] }, data: { cron: spec.cronSpec },
    };
    await core.createNamespacedConfigMap({ namespace: 'default', body }).catch(() => core.replaceNamespacedConfigMap({ name, namespace: 'default', body }));
    const current = await custom.getNamespacedCustomObject({ ...kind, namespace: 'default', name }) as CronTab;
    await custom.replaceNamespacedCustomObjectStatus({ ...kind, namespace: 'default', name, body: { ...current, status: { replicas: spec.replicas } } });
  };
  const failures: unknown[] = [];
  const handle = (object: CronTab): void => {
    reconcile(object).catch((error: unknown) => failures.push(error));
  };
  informer.on('add', handle);
  informer.on('update', handle);
  await informer.start();
  try {
    const body = { apiVersion: 'stable.example.com/v1', kind: 'CronTab', metadata: { name: 'nightly' }, spec: { cronSpec: '0 1 * * *', replicas: 1 } };
    await custom.createNamespacedCustomObject({ ...kind, namespace: 'default', body });
    const read = () => custom.getNamespacedCustomObject({ ...kind, namespace: 'default', name: 'nightly' }) as Promise<CronTab>;
    await eventually(async () => {
      expect(failures).toEqual([]);
      return (await read()).status?.replicas === 1;
    });
    expect((await core.readNamespacedConfigMap({ name: 'nightly', namespace: 'default' })).data).toEqual({ cron: '0 1 * * *' });
    await new Kubectl(server.kubeconfig, server.directory).ok(['scale', 'crontab', 'nightly', '--replicas', '3']);
    await eventually(async () => expect(await read()).toMatchObject({ metadata: { generation: 2 }, spec: { replicas: 3 }, status: { replicas: 3 } }));
    await eventually(() => expect(informer.get('nightly', 'default')?.status).toEqual({ replicas: 3 }));
    await custom.deleteNamespacedCustomObject({ ...kind, namespace: 'default', name: 'nightly' });
    await eventually(() => expect(informer.get('nightly', 'default')).toBeUndefined());
    expect(failures).toEqual([]);
  } finally {
    await informer.stop();
  }
});
