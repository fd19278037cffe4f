import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CustomResourceDefinition } from '../../../../api/apiextensions.ts';
import type { WatchEvent } from '../../../../api/meta.ts';
import type { Resource } from '../../../../api/resource.ts';
import { customResourceDefinitions } from '../../../../api/resources.ts';
import { eventually } from '../../../../machinery/testing/eventually.ts';
import { WebhookClient } from '../../../admission/webhook/webhook-client.ts';
import type { ResourceRegistry } from '../../../registry/registry.ts';
import { refusal } from '../../../registry/testing/refusal.ts';
import { createTestRegistry, type TestRegistry } from '../../../registry/testing/test-registry.ts';
import { convertEndpoint, startConversionServer, success, type ConversionServer, type Endpoint } from './conversion-server.ts';

const name = 'endpoints.stable.example.com';
const everything = { labelSelector: [], fieldSelector: [] };

describe('conversion webhooks', () => {
  let server: ConversionServer;
  let client: WebhookClient;
  let test: TestRegistry;
  /** Milliseconds. */
  let patience: number | undefined;

  const definition = (): CustomResourceDefinition => ({
    apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', metadata: { name },
    spec: {
      group: 'stable.example.com', scope: 'Namespaced', names: { plural: 'endpoints', kind: 'Endpoint' },
      conversion: { strategy: 'Webhook', webhook: { clientConfig: server.clientConfig, conversionReviewVersions: ['v1', 'v1beta1'] } },
      versions: [
        { name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object', required: ['hostPort'], properties: { hostPort: { type: 'string', pattern: '^[^:]*:[^:]*$' } } } } } } },
        { name: 'v2', served: true, storage: false, schema: { openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object', required: ['host'], properties: { host: { type: 'string', maxLength: 20 }, port: { type: 'string', default: '80' } } } } } } },
      ],
    },
  });
  const of = (version: string): ResourceRegistry<Endpoint> => test.registry.of(test.registry.catalog.find('stable.example.com', version, 'endpoints') as Resource<Endpoint>);
  const create = (version: string, spec: Endpoint['spec'], named = 'a') => of(version).create(test.context, 'default', { apiVersion: `stable.example.com/${version}`, kind: 'Endpoint', metadata: { name: named, labels: { a: 'b' } }, spec: spec! });
  const changeDefinition = (change: (current: CustomResourceDefinition) => void) => test.registry.of(customResourceDefinitions).update(test.context, {
    name, change: (current) => {
      change(current);
      return current;
    },
  });
  const storeIn = (version: string) => changeDefinition(({ spec }) => { for (const one of spec.versions) one.storage = one.name === version; });
  const storedVersion = (named: string) => test.storage.get(`stable.example.com/endpoints/default/${named}`)?.object.apiVersion;

  beforeEach(async () => {
    server = await startConversionServer();
    client = new WebhookClient(() => Promise.reject(new Error('there is no Service')));
    patience = undefined;
    test = await createTestRegistry({ webhooks: { client: { post: (target, body, timeoutMs) => client.post(target, body, patience ?? timeoutMs) } } });
    test.registry.start();
    await test.registry.of(customResourceDefinitions).create(test.context, undefined, definition());
    await eventually(() => expect(test.registry.catalog.find('stable.example.com', 'v2', 'endpoints')).toBeDefined());
  });

  afterEach(async () => {
    await test.registry.stop();
    client.stop();
    await server.stop();
  });

  it('shows what one version wrote in the other', async () => {
    expect((await create('v1', { hostPort: 'one:1' })).spec).toEqual({ hostPort: 'one:1' });
    expect(server.requests).toHaveLength(0);
    const shown = await of('v2').get('a', 'default');
    expect(shown).toMatchObject({ apiVersion: 'stable.example.com/v2', kind: 'Endpoint', metadata: { name: 'a', labels: { a: 'b' }, generation: 1 }, spec: { host: 'one', port: '1' } });
    expect(server.requests[0]).toMatchObject({ desiredAPIVersion: 'stable.example.com/v2', objects: [{ apiVersion: 'stable.example.com/v1', kind: 'Endpoint' }] });
    await of('v2').get('a', 'default');
    expect(server.requests).toHaveLength(1);
  });

  it('stores what the other version creates, updates and deletes', async () => {
    const created = await create('v2', { host: 'two' });
    expect(created).toMatchObject({ apiVersion: 'stable.example.com/v2', spec: { host: 'two', port: '80' } });
    expect(await of('v1').get('a', 'default')).toMatchObject({ metadata: { uid: created.metadata!.uid }, spec: { hostPort: 'two:80' } });
    const updated = await of('v2').update(test.context, { name: 'a', namespace: 'default', change: (current) => ({ ...current, spec: { ...current.spec, port: '81' } }) });
    expect(updated).toMatchObject({ apiVersion: 'stable.example.com/v2', metadata: { generation: 2 }, spec: { host: 'two', port: '81' } });
    expect((await of('v1').get('a', 'default')).spec).toEqual({ hostPort: 'two:81' });
    await of('v2').delete(test.context, 'a', 'default', {});
    expect((await refusal(Promise.resolve().then(() => of('v1').get('a', 'default')))).code).toBe(404);
  });

  it('watches in the other version', async () => {
    const events: WatchEvent[] = [];
    const watch = of('v2').watch({ ...everything, namespace: 'default', resourceVersion: '0', allowWatchBookmarks: false, sendInitialEvents: false }, { event: (event) => events.push(event), closed: () => {} });
    await create('v1', { hostPort: 'one:1' });
    await create('v2', { host: 'two' }, 'b');
    await of('v1').update(test.context, { name: 'a', namespace: 'default', change: (current) => ({ ...current, spec: { hostPort: 'one:2' } }) });
    await of('v1').delete(test.context, 'b', 'default', {});
    await eventually(() => expect(events.map(({ type, object }) => [type, object.apiVersion, (object as Endpoint).spec])).toEqual([
      ['ADDED', 'stable.example.com/v2', { host: 'one', port: '1' }], ['ADDED', 'stable.example.com/v2', { host: 'two', port: '80' }],
      ['MODIFIED', 'stable.example.com/v2', { host: 'one', port: '2' }], ['DELETED', 'stable.example.com/v2', { host: 'two', port: '80' }],
    ]));
    watch.stop();
  });

  it('lists objects that were stored in several versions', async () => {
    await create('v1', { hostPort: 'one:1' });
    await storeIn('v2');
    await create('v1', { hostPort: 'two:2' }, 'b');
    expect([storedVersion('a'), storedVersion('b')]).toEqual(['stable.example.com/v1', 'stable.example.com/v2']);
    server.requests.length = 0;
    expect((await of('v1').list(everything)).items.map(({ spec }) => spec?.hostPort)).toEqual(['one:1', 'two:2']);
    expect((await of('v2').list(everything)).items.map(({ spec }) => spec?.host)).toEqual(['one', 'two']);
    expect(await of('v2').get('a', 'default')).toMatchObject({ apiVersion: 'stable.example.com/v2', spec: { host: 'one', port: '1' } });
    await of('v2').update(test.context, { name: 'a', namespace: 'default', change: (current) => ({ ...current, spec: { ...current.spec, port: '9' } }) });
    expect(storedVersion('a')).toBe('stable.example.com/v2');
    expect((await of('v1').list(everything)).items.map(({ spec }) => spec?.hostPort)).toEqual(['one:9', 'two:2']);
    expect(test.registry.of(customResourceDefinitions).get(name).status?.storedVersions).toEqual(['v1', 'v2']);
    await of('v1').delete(test.context, 'a', 'default', {});
    expect((await of('v2').deleteCollection(test.context, everything, {})).items.map(({ metadata }) => metadata?.name)).toEqual(['b']);
    expect((await of('v1').list(everything)).items).toEqual([]);
  });

  it('deletes an object that was stored in another version, as it is shown', async () => {
    await create('v1', { hostPort: 'one:1' });
    await storeIn('v2');
    const events: WatchEvent[] = [];
    const watch = of('v1').watch({ ...everything, resourceVersion: '0', allowWatchBookmarks: false, sendInitialEvents: false }, { event: (event) => events.push(event), closed: () => {} });
    await eventually(() => expect(events).toHaveLength(1));
    await of('v1').delete(test.context, 'a', 'default', {});
    await eventually(() => expect(events.map(({ type, object }) => [type, (object as Endpoint).spec])).toEqual([['ADDED', { hostPort: 'one:1' }], ['DELETED', { hostPort: 'one:1' }]]));
    watch.stop();
  });

  it('validates each version by its own schema', async () => {
    expect((await refusal(create('v1', { hostPort: 'none' }))).message).toContain('spec.hostPort: Invalid value: "none"');
    const error = await refusal(create('v2', { host: 'a'.repeat(21) }));
    expect([error.code, error.message]).toEqual([422, 'Endpoint.stable.example.com "a" is invalid: spec.host: Too long: may not be more than 20 bytes']);
    await create('v1', { hostPort: `${'a'.repeat(21)}:1` });
    // What another version let in is shown all the same.
    expect((await of('v2').get('a', 'default')).spec?.host).toHaveLength(21);
  });

  it.each<[string, (server: ConversionServer) => void, string]>([
    ['refuses', (one) => { one.respond = ({ uid }) => ({ kind: 'ConversionReview', apiVersion: 'apiextensions.k8s.io/v1', response: { uid, result: { status: 'Failure', message: 'cannot do it' } } }); }, 'conversion webhook for stable.example.com/v1, Kind=Endpoint failed: cannot do it'],
    ['answers with too few', (one) => { one.respond = (request) => success(request, []); }, 'conversion webhook for stable.example.com/v1, Kind=Endpoint returned 0 objects, expected 1'],
    ['answers another request', (one) => { one.respond = (request) => success({ ...request, uid: 'x' }, []); }, 'got "x"'],
    ['answers in the wrong version', (one) => { one.respond = (request) => success(request, request.objects); }, 'invalid groupVersion (expected stable.example.com/v2, received stable.example.com/v1)'],
    ['renames', (one) => { one.respond = (request) => success(request, request.objects.map((object) => convertEndpoint({ ...object, metadata: { ...object.metadata, name: 'b' } }, request.desiredAPIVersion))); }, 'must have the same name: a != b'],
    ['answers nonsense', (one) => { one.respond = () => 5; }, 'conversion webhook for stable.example.com/v1, Kind=Endpoint failed: '],
  ])('says so when the webhook %s', async (_, prepare, why) => {
    await create('v1', { hostPort: 'one:1' });
    prepare(server);
    for (const ask of [() => of('v2').get('a', 'default'), () => of('v2').list(everything)]) {
      const error = await refusal(Promise.resolve().then(ask));
      expect(error.code).toBe(500);
      expect(error.message).toContain(why);
    }
    // Nothing of it is kept.
    server.respond = undefined;
    expect((await of('v2').get('a', 'default')).spec?.host).toBe('one');
  });

  it('says so when the webhook is not there', async () => {
    await create('v1', { hostPort: 'one:1' });
    await server.stop();
    const error = await refusal(Promise.resolve().then(() => of('v2').get('a', 'default')));
    expect(error.message).toMatch(/conversion webhook for stable\.example\.com\/v1, Kind=Endpoint failed: Post "https:\/\/127\.0\.0\.1:\d+\/convert\?timeout=30s": dial tcp 127\.0\.0\.1:\d+: connect: connection refused/);
    // The storage version needs no webhook.
    expect((await of('v1').get('a', 'default')).spec).toEqual({ hostPort: 'one:1' });
  });

  it('says so when the webhook does not answer in time', async () => {
    await create('v1', { hostPort: 'one:1' });
    server.respond = () => undefined;
    patience = 100;
    expect((await refusal(create('v2', { host: 'two' }, 'b'))).message).toContain('conversion webhook for stable.example.com/v2, Kind=Endpoint failed: Post ');
    expect((await refusal(Promise.resolve().then(() => of('v2').list(everything)))).message).toContain('context deadline exceeded');
    expect(storedVersion('b')).toBeUndefined();
  });

  it('keeps metadata, but for labels and annotations, as it is', async () => {
    await create('v1', { hostPort: 'one:1' });
    server.respond = (request) => success(request, request.objects.map((object) => ({
      ...convertEndpoint(object, request.desiredAPIVersion), metadata: { name: 'a', namespace: 'default', uid: object.metadata!.uid!, labels: { c: 'd' }, annotations: { e: 'f' }, finalizers: ['example.com/x'], resourceVersion: '1', generation: 70 },
    })));
    const { metadata } = await of('v2').get('a', 'default');
    const own = (await of('v1').get('a', 'default')).metadata!;
    expect(metadata).toEqual({ ...own, labels: { c: 'd' }, annotations: { e: 'f' } });
    expect(metadata?.generation).toBe(1);
  });

  it('ends a watch whose objects cannot be converted', async () => {
    await create('v1', { hostPort: 'one:1' });
    server.respond = () => 5;
    const types: string[] = [];
    await new Promise<void>((resolve) => {
      of('v2').watch({ ...everything, resourceVersion: '0', allowWatchBookmarks: false, sendInitialEvents: false }, { event: ({ type }) => types.push(type), closed: resolve });
    });
    expect(types).toEqual(['ERROR']);
  });
});
