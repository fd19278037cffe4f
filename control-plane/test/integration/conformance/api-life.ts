/** What conformance asks of every API: it is in discovery, and its objects can be made, found, watched, changed and deleted. */
import { expect } from 'vitest';
import { eventually } from '../../../../machinery/testing/eventually.ts';
import { patchTypes, type AnyObject, type RawClient } from './raw-client.ts';

export interface ApiLife {
  /** `networking.k8s.io/v1`, `v1` */
  groupVersion: string;
  resource: string;
  /** undefined for cluster-wide ones. */
  namespace?: string;
  /** A valid one, without its name; a function where it depends on the name. */
  object: AnyObject | ((name: string) => AnyObject);
  /** Of the first, second and third object. Default: any name will do. */
  nameOf?: (number: number) => string;
  /** Whether the server is done with a new one. Default: it does nothing to it. */
  settled?: (object: AnyObject) => boolean;
  /** A status to set through `/status`; not of every kind. */
  status?: Record<string, unknown>;
  /** Not for kinds that have update alone. */
  verbs?: readonly string[];
}

const everyVerb = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];

/** Where the resource is: of one namespace, and of all. */
export function pathsOf({ groupVersion, resource, namespace }: Pick<ApiLife, 'groupVersion' | 'resource' | 'namespace'>): { collection: string; everywhere: string } {
  const root = groupVersion.includes('/') ? `/apis/${groupVersion}` : `/api/${groupVersion}`;
  return { collection: namespace === undefined ? `${root}/${resource}` : `${root}/namespaces/${namespace}/${resource}`, everywhere: `${root}/${resource}` };
}

/** Discovery on its three levels: groups, the group, the version. */
export async function isDiscovered(client: RawClient, life: ApiLife): Promise<void> {
  const { groupVersion, resource, status } = life;
  if (groupVersion.includes('/')) {
    const [group = ''] = groupVersion.split('/');
    const groups = await client.ok('GET', '/apis') as { groups: { name: string; versions: { groupVersion: string }[] }[] };
    expect(groups.groups.find(({ name }) => name === group)?.versions).toContainEqual(expect.objectContaining({ groupVersion }));
    expect((await client.ok('GET', `/apis/${group}`))['versions']).toContainEqual(expect.objectContaining({ groupVersion }));
  }
  const root = groupVersion.includes('/') ? `/apis/${groupVersion}` : `/api/${groupVersion}`;
  const { resources } = await client.ok('GET', root) as { resources: { name: string; verbs: string[]; namespaced: boolean }[] };
  const found = resources.find(({ name }) => name === resource);
  expect(found?.verbs).toEqual(expect.arrayContaining([...life.verbs ?? everyVerb]));
  expect(found?.namespaced).toBe(life.namespace !== undefined);
  if (status) expect(resources.find(({ name }) => name === `${resource}/status`)?.verbs).toEqual(expect.arrayContaining(['get', 'patch', 'update']));
}

/** From creation to the end of a collection, with a watch that sees everything. */
export async function lives(client: RawClient, life: ApiLife): Promise<void> {
  const { collection, everywhere } = pathsOf(life);
  const label = `life-of-${life.resource}`;
  const selector = `labelSelector=${encodeURIComponent(`life=${label}`)}`;
  const nameOf = life.nameOf ?? ((number: number) => `${label}-${number}`);
  const make = async (number: number) => {
    const name = nameOf(number);
    const given = typeof life.object === 'function' ? life.object(name) : life.object;
    let object = await client.ok('POST', collection, { ...given, metadata: { ...given.metadata, name, labels: { life: label } } });
    const { settled } = life;
    if (settled) object = await eventually(async () => { const found = await client.ok('GET', `${collection}/${name}`); return settled(found) && found; }) as AnyObject;
    // Volumes and claims are kept until their controllers say that nobody uses them; here are none.
    if (object.metadata?.['finalizers'] === undefined) return object;
    return client.ok('PATCH', `${collection}/${name}`, { metadata: { finalizers: null } }, patchTypes.merge);
  };

  const events = await client.watch(`${everywhere}?watch=1&${selector}`);
  const created = await make(1);
  expect(created.metadata?.uid).toMatch(/^[0-9a-f-]{36}$/);
  await make(2);
  await make(3);
  expect((await client.ok('GET', `${collection}/${nameOf(1)}`)).metadata?.uid).toBe(created.metadata?.uid);
  expect((await client.ok('GET', `${collection}?${selector}`)).items).toHaveLength(3);
  expect((await client.ok('GET', `${everywhere}?${selector}`)).items).toHaveLength(3);

  const patched = await client.ok('PATCH', `${collection}/${nameOf(1)}`, { metadata: { annotations: { patched: 'true' } } }, patchTypes.merge);
  expect(patched.metadata?.annotations).toMatchObject({ patched: 'true' });
  const updated = await client.ok('PUT', `${collection}/${nameOf(1)}`, { ...patched, metadata: { ...patched.metadata, annotations: { ...patched.metadata?.annotations, updated: 'true' } } });
  expect(updated.metadata?.annotations).toMatchObject({ patched: 'true', updated: 'true' });
  const stale = await client.call('PUT', `${collection}/${nameOf(1)}`, created);
  expect(stale).toMatchObject({ code: 409, body: { reason: 'Conflict' } });
  if (life.status) await hasStatus(client, `${collection}/${nameOf(1)}`, life.status);

  // Of some kinds a deletion lets go of pods unless it is told not to, and waits for a garbage collector that is not here.
  await client.ok('DELETE', `${collection}/${nameOf(2)}?propagationPolicy=Background`);
  await eventually(async () => (await client.call('GET', `${collection}/${nameOf(2)}`)).code === 404);
  await client.ok('DELETE', `${collection}?${selector}&propagationPolicy=Background`);
  await eventually(async () => (await client.ok('GET', `${collection}?${selector}`)).items?.length === 0);
  await eventually(() => events.filter(({ type }) => type === 'DELETED').length === 3);
  expect(events.filter(({ type }) => type === 'ADDED').map(({ object }) => object.metadata?.name)).toEqual([1, 2, 3].map(nameOf));
  expect(events.some(({ type, object }) => type === 'MODIFIED' && object.metadata?.annotations?.['patched'] === 'true' && object.metadata.annotations['updated'] === undefined)).toBe(true);
  expect(events.some(({ type, object }) => type === 'MODIFIED' && object.metadata?.annotations?.['updated'] === 'true')).toBe(true);
}

/** Status is read, patched and replaced on its own path, and a write to it leaves the rest alone, as one to the object leaves the status. */
async function hasStatus(client: RawClient, path: string, status: Record<string, unknown>): Promise<void> {
  const patched = await client.ok('PATCH', `${path}/status`, { metadata: { annotations: { 'status-patched': 'true' } }, status }, patchTypes.merge);
  expect(patched.status).toMatchObject(status);
  expect(patched.metadata?.annotations).toMatchObject({ 'status-patched': 'true' });
  const read = await client.ok('GET', `${path}/status`);
  expect(read.status).toMatchObject(status);
  const replaced = await client.ok('PUT', `${path}/status`, { ...read, metadata: { ...read.metadata, annotations: { 'status-updated': 'true' } } });
  expect(replaced.metadata?.annotations).toMatchObject({ 'status-updated': 'true' });
  expect(replaced.metadata?.annotations).not.toHaveProperty('status-patched');
  expect(replaced.spec).toEqual(read.spec);
  const whole = await client.ok('GET', path);
  const kept = await client.ok('PUT', path, { ...whole, status: {} });
  expect(kept.status).toMatchObject(status);
}
