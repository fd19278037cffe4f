import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { eventually } from '../../../../machinery/testing/eventually.ts';
import { makeDefinition } from '../../../custom-resources/testing/definitions.ts';
import { patchTypes, podOf, startControlPlane, type ControlPlane, type Loose } from './start-control-plane.ts';

let plane: ControlPlane;
let base: string;
let apps: string;

beforeAll(async () => { plane = await startControlPlane(); });
afterAll(() => plane.stop());
beforeEach(async () => {
  const namespace = await plane.newNamespace();
  base = `/api/v1/namespaces/${namespace}`;
  apps = `/apis/apps/v1/namespaces/${namespace}`;
});

const template = { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'main', image: 'web:1' }] } };
const workload = (name: string, replicas = 2): object => ({ metadata: { name }, spec: { replicas, selector: { matchLabels: { app: 'web' } }, template } });
const list = async (path: string): Promise<Loose[]> => (await plane.ok('GET', path)).items;
const code = async (path: string): Promise<number> => (await plane.call('GET', path)).code;
const gone = (path: string): Promise<unknown> => eventually(async () => expect(await code(path)).toBe(404));
const ownerOf = (owner: Loose, apiVersion: string, kind: string): object =>
  ({ apiVersion, kind, name: owner.metadata.name, uid: owner.metadata.uid, controller: true, blockOwnerDeletion: true });

describe('Garbage collector', () => {
  it.each([['a DeleteOptions body', '', { propagationPolicy: 'Orphan' }], ['the query', '?propagationPolicy=Orphan', undefined], ['orphanDependents', '', { orphanDependents: true }]])(
    'orphans the ReplicaSet and pods of a Deployment deleted with Orphan, asked for in %s', async (_name, query, body) => {
      await plane.ok('POST', `${apps}/deployments`, workload('web'));
      const pods = await eventually(async () => {
        const found = await list(`${base}/pods`);
        return found.length === 2 && found;
      }) as Loose[];
      await plane.ok('DELETE', `${apps}/deployments/web${query}`, body);
      await gone(`${apps}/deployments/web`);
      const [replicaSet] = await list(`${apps}/replicasets`);
      expect(replicaSet!.metadata.ownerReferences).toBeUndefined();
      expect(replicaSet!.metadata.deletionTimestamp).toBeUndefined();
      expect((await list(`${base}/pods`)).map(({ metadata }) => metadata.uid).sort()).toEqual(pods.map(({ metadata }) => metadata.uid).sort());
    });

  it('deletes in the background what a Deployment owned', async () => {
    await plane.ok('POST', `${apps}/deployments`, workload('web'));
    await eventually(async () => (await list(`${base}/pods`)).length === 2);
    await plane.ok('DELETE', `${apps}/deployments/web`, { propagationPolicy: 'Background' });
    expect(await code(`${apps}/deployments/web`)).toBe(404);
    await eventually(async () => expect([...await list(`${apps}/replicasets`), ...await list(`${base}/pods`)]).toEqual([]));
  });

  it('keeps an owner deleted in the foreground until its dependents are gone', async () => {
    await plane.ok('POST', `${apps}/replicasets`, workload('web'));
    const [first] = await eventually(async () => {
      const found = await list(`${base}/pods`);
      return found.length === 2 && found;
    }) as Loose[];
    await plane.ok('PATCH', `${base}/pods/${first!.metadata.name}`, { metadata: { finalizers: ['example.com/hold'] } }, patchTypes.merge);
    const answer = await plane.ok('DELETE', `${apps}/replicasets/web`, { propagationPolicy: 'Foreground' });
    expect(answer.metadata.finalizers).toContain('foregroundDeletion');
    expect(answer.metadata.deletionTimestamp).toBeDefined();
    await eventually(async () => expect((await list(`${base}/pods`)).map(({ metadata }) => metadata.name)).toEqual([first!.metadata.name]));
    expect(await code(`${apps}/replicasets/web`)).toBe(200);
    await plane.ok('PATCH', `${base}/pods/${first!.metadata.name}`, { metadata: { finalizers: null } }, patchTypes.merge);
    await gone(`${apps}/replicasets/web`);
  });

  it('does not delete dependents that have both a valid owner and one that waits for its dependents', async () => {
    const first = await plane.ok('POST', `${base}/configmaps`, { metadata: { name: 'first' } });
    const second = await plane.ok('POST', `${base}/configmaps`, { metadata: { name: 'second' } });
    await plane.ok('POST', `${base}/configmaps`, { metadata: { name: 'both', ownerReferences: [ownerOf(first, 'v1', 'ConfigMap'), { ...ownerOf(second, 'v1', 'ConfigMap'), controller: false }] } });
    await plane.ok('POST', `${base}/configmaps`, { metadata: { name: 'one', ownerReferences: [ownerOf(first, 'v1', 'ConfigMap')] } });
    await plane.ok('DELETE', `${base}/configmaps/first`, { propagationPolicy: 'Foreground' });
    await gone(`${base}/configmaps/first`);
    await gone(`${base}/configmaps/one`);
    expect((await plane.ok('GET', `${base}/configmaps/both`)).metadata.ownerReferences!.map(({ name }) => name)).toEqual(['second']);
  });

  it.each(['Foreground', 'Background'])('is not blocked by a circle of dependents (%s)', async (propagationPolicy) => {
    const made: Loose[] = [];
    for (const name of ['pod1', 'pod2', 'pod3']) made.push(await plane.ok('POST', `${base}/pods`, podOf(name)));
    for (const [index, pod] of made.entries()) {
      const ownerReferences = [ownerOf(made[(index + 2) % 3]!, 'v1', 'Pod')];
      await plane.ok('PATCH', `${base}/pods/${pod.metadata.name}`, { metadata: { ownerReferences } }, patchTypes.strategic);
    }
    await plane.ok('DELETE', `${base}/pods/pod1`, { propagationPolicy });
    await eventually(async () => expect(await list(`${base}/pods`)).toEqual([]), { timeoutMs: 5000 });
  });

  it('collects what custom resources own, and custom resources that others own', async () => {
    await plane.ok('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', makeDefinition());
    const crontabs = base.replace('/api/v1', '/apis/stable.example.com/v1').concat('/crontabs');
    await eventually(async () => (await code(crontabs)) === 200);
    const make = (name: string, more: object = {}): Promise<Loose> =>
      plane.ok('POST', crontabs, { apiVersion: 'stable.example.com/v1', kind: 'CronTab', metadata: { name, ...more }, spec: { cronSpec: '* * * * *' } });
    const owner = await make('owner');
    await make('owned', { ownerReferences: [ownerOf(owner, 'stable.example.com/v1', 'CronTab')] });
    await plane.ok('POST', `${base}/configmaps`, { metadata: { name: 'owned', ownerReferences: [ownerOf(owner, 'stable.example.com/v1', 'CronTab')] } });
    await plane.ok('DELETE', `${crontabs}/owner`, { propagationPolicy: 'Foreground' });
    await gone(`${crontabs}/owner`);
    expect([await code(`${crontabs}/owned`), await code(`${base}/configmaps/owned`)]).toEqual([404, 404]);

    const orphaning = await make('orphaning');
    await plane.ok('POST', `${base}/configmaps`, { metadata: { name: 'orphan', ownerReferences: [ownerOf(orphaning, 'stable.example.com/v1', 'CronTab')] } });
    await plane.ok('DELETE', `${crontabs}/orphaning`, { propagationPolicy: 'Orphan' });
    await gone(`${crontabs}/orphaning`);
    expect((await plane.ok('GET', `${base}/configmaps/orphan`)).metadata.ownerReferences).toBeUndefined();
  });

  it('collects what names an owner that never was, and leaves what names a kind nobody knows', async () => {
    const reference = { apiVersion: 'v1', kind: 'ConfigMap', name: 'never', uid: '5f2a6d0e-0000-4000-8000-000000000000' };
    await plane.ok('POST', `${base}/configmaps`, { metadata: { name: 'unknown', ownerReferences: [{ ...reference, apiVersion: 'none.example.com/v1' }] } });
    await plane.ok('POST', `${base}/configmaps`, { metadata: { name: 'lost', ownerReferences: [reference] } });
    await gone(`${base}/configmaps/lost`);
    expect(await code(`${base}/configmaps/unknown`)).toBe(200);
  });
});
