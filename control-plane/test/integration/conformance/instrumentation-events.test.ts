/** Events, under both of their names. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { eventually } from '../../../../machinery/testing/eventually.ts';
import { startApiServer, type StartedApiServer } from '../start-api-server.ts';
import { patchTypes, RawClient } from './raw-client.ts';

let server: StartedApiServer;
let client: RawClient;
beforeAll(async () => {
  server = await startApiServer();
  client = new RawClient(server);
});
afterAll(async () => {
  client.close();
  await server.stop();
});

const core = '/api/v1/namespaces/default/events';
const own = '/apis/events.k8s.io/v1/namespaces/default/events';
const regarding = { namespace: 'default', kind: 'Pod', name: 'test-pod', apiVersion: 'v1' };
const event = (name: string, label: string) => ({
  metadata: { name, labels: { testevent: label } }, regarding, eventTime: '2026-01-01T00:00:00.505006Z', action: 'Do', reason: 'Test', note: 'This is a test event',
  type: 'Normal', reportingController: 'test-controller', reportingInstance: 'test-node',
});

it('a single new event is created, patched, given a series and deleted', async () => {
  const created = await client.ok('POST', own, event('single', 'single'));
  expect(created).toMatchObject({ kind: 'Event', apiVersion: 'events.k8s.io/v1', eventTime: '2026-01-01T00:00:00.505006Z', regarding, note: 'This is a test event' });
  expect((await client.ok('GET', `/apis/events.k8s.io/v1/events?fieldSelector=${encodeURIComponent('metadata.name=single')}`)).items).toHaveLength(1);
  expect(await client.ok('PATCH', `${own}/single`, { note: 'patched' }, patchTypes.strategic)).toMatchObject({ note: 'patched' });
  expect(await client.call('PATCH', `${own}/single`, { reason: 'Other' }, patchTypes.merge)).toMatchObject({ code: 422, body: { message: expect.stringContaining('field is immutable') as string } });
  const patched = await client.ok('PATCH', `${own}/single`, { series: { count: 2, lastObservedTime: '2026-01-01T00:00:01.505006Z' } }, patchTypes.strategic);
  expect(patched).toMatchObject({ note: 'patched', series: { count: 2, lastObservedTime: '2026-01-01T00:00:01.505006Z' } });
  const updated = await client.ok('PUT', `${own}/single`, { ...patched, series: { count: 100, lastObservedTime: '2026-01-01T00:00:02.505006Z' } });
  expect(updated['series']).toEqual({ count: 100, lastObservedTime: '2026-01-01T00:00:02.505006Z' });
  expect(await client.ok('GET', `${core}/single`)).toMatchObject({ apiVersion: 'v1', message: 'patched', involvedObject: regarding, reportingComponent: 'test-controller', series: { count: 100 } });
  await client.ok('DELETE', `${own}/single`);
  expect((await client.call('GET', `${own}/single`)).code).toBe(404);
  expect((await client.call('GET', `${core}/single`)).code).toBe(404);
});

it('a list of new events is made and deleted as one', async () => {
  const selector = `labelSelector=${encodeURIComponent('testevent=set')}`;
  const events = await client.watch(`/apis/events.k8s.io/v1/events?watch=1&${selector}`);
  for (const name of ['one', 'two', 'three']) await client.ok('POST', own, event(name, 'set'));
  expect((await client.ok('GET', `${own}?${selector}`)).items).toHaveLength(3);
  expect((await client.ok('GET', `${own}?${selector}&fieldSelector=${encodeURIComponent('regarding.name=test-pod,reportingController=test-controller')}`)).items).toHaveLength(3);
  await client.ok('DELETE', `${own}?${selector}`);
  expect((await client.ok('GET', `/apis/events.k8s.io/v1/events?${selector}`)).items).toEqual([]);
  await eventually(() => events.length === 6);
  expect(events.map(({ type }) => type).sort()).toEqual(['ADDED', 'ADDED', 'ADDED', 'DELETED', 'DELETED', 'DELETED']);
});

it('an old event is found by its fields and known under its new name', async () => {
  const old = { metadata: { name: 'old' }, involvedObject: regarding, reason: 'Test', message: 'old', type: 'Warning', source: { component: 'test', host: 'h' }, firstTimestamp: '2026-01-01T00:00:00Z', lastTimestamp: '2026-01-01T00:00:00Z', count: 3 };
  await client.ok('POST', core, old);
  const fields = encodeURIComponent('involvedObject.name=test-pod,involvedObject.kind=Pod,reason=Test,type=Warning');
  expect((await client.ok('GET', `${core}?fieldSelector=${fields}`)).items).toMatchObject([{ metadata: { name: 'old' } }]);
  expect(await client.ok('GET', `${own}/old`)).toMatchObject({ note: 'old', regarding, deprecatedCount: 3, deprecatedSource: { component: 'test', host: 'h' }, deprecatedFirstTimestamp: '2026-01-01T00:00:00Z' });
  const patched = await client.ok('PATCH', `${core}/old`, { message: 'newer', count: 4 }, patchTypes.merge);
  expect(patched).toMatchObject({ message: 'newer', count: 4 });
});

it('new events say who reports them, and old ones need not', async () => {
  const without = { ...event('without', 'x'), reportingController: undefined };
  expect(await client.call('POST', own, without)).toMatchObject({ code: 422, body: { message: expect.stringContaining('reportingController: Required value') as string } });
});
