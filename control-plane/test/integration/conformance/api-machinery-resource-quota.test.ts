import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { eventually } from '../../../../machinery/testing/eventually.ts';
import { makeDefinition } from '../../../custom-resources/testing/definitions.ts';
import { patchTypes, podOf, startControlPlane, type ControlPlane } from './start-control-plane.ts';

let plane: ControlPlane;
let namespace: string;
let base: string;

beforeAll(async () => { plane = await startControlPlane(); });
afterAll(() => plane.stop());
beforeEach(async () => {
  namespace = await plane.newNamespace();
  base = `/api/v1/namespaces/${namespace}`;
});

const quota = (name: string, hard: Record<string, string>, more: object = {}) => plane.ok('POST', `${base}/resourcequotas`, { metadata: { name }, spec: { hard, ...more } });
const used = (name: string, want: Record<string, string>): Promise<unknown> =>
  eventually(async () => expect((await plane.ok('GET', `${base}/resourcequotas/${name}`))['status']?.used).toMatchObject(want));
const limited = (name: string, resources: object, spec: object = {}): object => podOf(name, {}, { containers: [{ name: 'main', image: 'web:1', resources }], ...spec });
const template = { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'main', image: 'web:1' }] } };

describe('ResourceQuota', () => {
  it('shows its status at once', async () => {
    await quota('q', { pods: '5', resourcequotas: '1', services: '2' });
    await used('q', { pods: '0', resourcequotas: '1', services: '0' });
    expect((await plane.ok('GET', `${base}/resourcequotas/q`))['status'].hard).toEqual({ pods: '5', resourcequotas: '1', services: '2' });
  });

  const claim = { metadata: { name: 'x' }, spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, storageClassName: 'gold' } };
  const batch = { metadata: { name: 'x' }, spec: { template: { ...template, spec: { ...template.spec, restartPolicy: 'Never' } } } };
  const apps = { metadata: { name: 'x' }, spec: { replicas: 0, selector: { matchLabels: { app: 'web' } }, template } };
  it.each<[string, string, object, Record<string, string>]>([
    ['a Service', 'api/v1|services', { metadata: { name: 'x' }, spec: { ports: [{ port: 80 }] } }, { services: '1', 'services.nodeports': '0', 'count/services': '1' }],
    ['a NodePort Service', 'api/v1|services', { metadata: { name: 'x' }, spec: { type: 'NodePort', ports: [{ name: 'a', port: 80 }, { name: 'b', port: 81 }] } }, { services: '1', 'services.nodeports': '2' }],
    ['a LoadBalancer Service', 'api/v1|services', { metadata: { name: 'x' }, spec: { type: 'LoadBalancer', ports: [{ port: 80, name: 'a' }] } }, { 'services.loadbalancers': '1', 'services.nodeports': '1' }],
    ['a Secret', 'api/v1|secrets', { metadata: { name: 'x' } }, { secrets: '1', 'count/secrets': '1' }],
    ['a ConfigMap', 'api/v1|configmaps', { metadata: { name: 'x' } }, { 'count/configmaps': '2' }],
    ['a ReplicationController', 'api/v1|replicationcontrollers', { metadata: { name: 'x' }, spec: { replicas: 0, selector: { app: 'web' }, template } }, { replicationcontrollers: '1' }],
    ['a ReplicaSet', 'apis/apps/v1|replicasets', apps, { 'count/replicasets.apps': '1' }],
    ['a Deployment', 'apis/apps/v1|deployments', apps, { 'count/deployments.apps': '1' }],
    ['a Job', 'apis/batch/v1|jobs', batch, { 'count/jobs.batch': '1' }],
    ['an Ingress', 'apis/networking.k8s.io/v1|ingresses', { metadata: { name: 'x' }, spec: { defaultBackend: { service: { name: 'a', port: { number: 80 } } } } }, { 'count/ingresses.networking.k8s.io': '1' }],
    ['a PersistentVolumeClaim', 'api/v1|persistentvolumeclaims', claim, {
      persistentvolumeclaims: '1', 'requests.storage': '1Gi', 'gold.storageclass.storage.k8s.io/requests.storage': '1Gi', 'gold.storageclass.storage.k8s.io/persistentvolumeclaims': '1',
    }],
    ['a pod', 'api/v1|pods', limited('x', { requests: { cpu: '500m', memory: '10Mi', 'example.com/dongle': '2' }, limits: { cpu: '1', memory: '20Mi', 'example.com/dongle': '2' } }),
      { pods: '1', 'requests.cpu': '500m', cpu: '500m', 'limits.cpu': '1', 'requests.memory': '10Mi', 'limits.memory': '20Mi', 'requests.example.com/dongle': '2' }],
  ])('captures the life of %s', async (_name, place, object, want) => {
    const [prefix, plural] = place.split('|');
    const path = `/${prefix === 'api/v1' ? 'api/v1' : prefix}/namespaces/${namespace}/${plural}`;
    await quota('q', Object.fromEntries(Object.keys(want).map((name) => [name, name.includes('memory') || name.includes('storage') ? '5Gi' : '3'])));
    await plane.ok('POST', path, object);
    await used('q', want);
    await plane.ok('DELETE', `${path}/x`);
    const released = Object.fromEntries(Object.keys(want).map((name) => [name, name === 'count/configmaps' ? '1' : '0']));
    await eventually(async () => {
      const object = await plane.call('GET', `${path}/x`);
      if (object.code === 200 && object.body.metadata.finalizers) await plane.ok('PATCH', `${path}/x`, { metadata: { finalizers: null } }, patchTypes.merge);
      return object.code === 404;
    });
    await used('q', released);
  });

  it('refuses what is too much, and what does not say how much it needs', async () => {
    await quota('q', { pods: '1', 'requests.cpu': '1' });
    await used('q', { pods: '0' });
    const silent = await plane.call('POST', `${base}/pods`, podOf('silent'));
    expect([silent.code, silent.body['message']]).toEqual([403, 'pods "silent" is forbidden: failed quota: q: must specify requests.cpu for: main']);
    const large = await plane.call('POST', `${base}/pods`, limited('large', { requests: { cpu: '1500m' } }));
    expect([large.code, large.body['message']]).toEqual([403, 'pods "large" is forbidden: exceeded quota: q, requested: requests.cpu=1500m, used: requests.cpu=0, limited: requests.cpu=1']);
    await plane.ok('POST', `${base}/pods`, limited('fits', { requests: { cpu: '1' } }));
    expect((await plane.call('POST', `${base}/pods`, limited('more', { requests: { cpu: '0' } }))).code).toBe(403);
    expect((await plane.call('POST', `${base}/pods?dryRun=All`, limited('dry', { requests: { cpu: '0' } }))).code).toBe(403);
  });

  it('never lets through more than it allows, however many come at once', async () => {
    await quota('q', { 'count/secrets': '5' });
    const codes = await Promise.all(Array.from({ length: 20 }, async (_none, index) => (await plane.call('POST', `${base}/secrets`, { metadata: { name: `s${index}` } })).code));
    expect(codes.filter((code) => code === 201)).toHaveLength(5);
    expect(codes.filter((code) => code === 403)).toHaveLength(15);
  });

  it('counts in its scopes only', async () => {
    await quota('best', { pods: '5' }, { scopes: ['BestEffort'] });
    await quota('other', { pods: '5' }, { scopes: ['NotBestEffort'] });
    await quota('terminating', { pods: '5' }, { scopes: ['Terminating'] });
    await quota('lasting', { pods: '5' }, { scopes: ['NotTerminating'] });
    await quota('high', { pods: '5' }, { scopeSelector: { matchExpressions: [{ scopeName: 'PriorityClass', operator: 'In', values: ['high'] }] } });
    await plane.ok('POST', '/apis/scheduling.k8s.io/v1/priorityclasses', { metadata: { name: 'high' }, value: 1000 });
    await plane.ok('POST', `${base}/pods`, podOf('plain'));
    for (const [name, pods] of [['best', '1'], ['other', '0'], ['terminating', '0'], ['lasting', '1'], ['high', '0']]) await used(name!, { pods: pods! });
    await plane.ok('POST', `${base}/pods`, limited('short', { requests: { cpu: '1m' }, limits: { cpu: '1' } }, { activeDeadlineSeconds: 3600, priorityClassName: 'high' }));
    for (const [name, pods] of [['best', '1'], ['other', '1'], ['terminating', '1'], ['lasting', '1'], ['high', '1']]) await used(name!, { pods: pods! });
    await plane.ok('DELETE', `${base}/pods?gracePeriodSeconds=0`);
    for (const name of ['best', 'other', 'terminating', 'lasting', 'high']) await used(name, { pods: '0' });
  });

  it('counts custom resources', async () => {
    await plane.ok('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', makeDefinition());
    const path = `/apis/stable.example.com/v1/namespaces/${namespace}/crontabs`;
    await eventually(async () => (await plane.call('GET', path)).code === 200);
    await quota('q', { 'count/crontabs.stable.example.com': '1' });
    const make = (name: string) => plane.call('POST', path, { apiVersion: 'stable.example.com/v1', kind: 'CronTab', metadata: { name }, spec: { cronSpec: '*' } });
    expect((await make('a')).code).toBe(201);
    await used('q', { 'count/crontabs.stable.example.com': '1' });
    expect((await make('b')).code).toBe(403);
    await plane.ok('DELETE', `${path}/a`);
    await used('q', { 'count/crontabs.stable.example.com': '0' });
  });

  it('follows its update, and its status can be written', async () => {
    await quota('q', { 'count/configmaps': '5' });
    await plane.ok('PATCH', `${base}/resourcequotas/q`, { spec: { hard: { 'count/configmaps': '9', secrets: '2' } } }, patchTypes.merge);
    await eventually(async () => expect((await plane.ok('GET', `${base}/resourcequotas/q`))['status'].hard).toEqual({ 'count/configmaps': '9', secrets: '2' }));
    const { code } = await plane.call('PATCH', `${base}/resourcequotas/q/status`, { status: { hard: { secrets: '7' } } }, patchTypes.merge);
    expect(code).toBe(200);
    await eventually(async () => expect((await plane.ok('GET', `${base}/resourcequotas/q`))['status'].hard).toEqual({ 'count/configmaps': '9', secrets: '2' }));
    await plane.ok('DELETE', `${base}/resourcequotas`);
    expect((await plane.ok('GET', `${base}/resourcequotas`)).items).toEqual([]);
  });
});
