import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { MutatingWebhook, ValidatingWebhook } from '../../../../api/admissionregistration.ts';
import {
  configMaps, endpointSlices, mutatingWebhookConfigurations, namespaces, pods, services, validatingWebhookConfigurations, deployments,
} from '../../../../api/resources.ts';
import { createAdmissionStore } from '../../../admission/admission-store.ts';
import { createServiceDialer } from '../../../admission/webhook/service-dialer.ts';
import { WebhookClient } from '../../../admission/webhook/webhook-client.ts';
import { refusal } from '../../../registry/testing/refusal.ts';
import { createTestRegistry, type TestRegistry } from '../../../registry/testing/test-registry.ts';
import { createMemoryStore } from '../../../storage/memory-store.ts';
import { startWebhookServer, type WebhookAnswer, type WebhookServer } from './webhook-server.ts';

const anything = [{ operations: ['*'], apiGroups: ['*'], apiVersions: ['*'], resources: ['configmaps', 'pods', 'pods/*', 'deployments/scale'] }];

describe('admission webhooks', () => {
  let test: TestRegistry;
  let server: WebhookServer;
  let client: WebhookClient;
  let answer: (path: string, object: unknown) => WebhookAnswer | Promise<WebhookAnswer>;

  beforeEach(async () => {
    answer = () => ({});
    server = await startWebhookServer((request, path) => answer(path, request.object), ['hook.default.svc']);
    const storage = createMemoryStore();
    client = new WebhookClient(createServiceDialer({ store: createAdmissionStore(storage), random: () => 0, openPort: (_pod, port) => Promise.resolve(connect(port, '127.0.0.1')) }));
    test = await createTestRegistry({ storage, webhooks: { client } });
  });
  afterEach(async () => {
    client.stop();
    await server.stop();
  });

  const hook = (more: Partial<ValidatingWebhook & MutatingWebhook> = {}): ValidatingWebhook & MutatingWebhook => ({
    name: 'hook.example.com', clientConfig: server.clientConfig(), rules: anything, sideEffects: 'None', admissionReviewVersions: ['v1'],
    failurePolicy: 'Fail', matchPolicy: 'Equivalent', timeoutSeconds: 5, ...more,
  });
  const validate = (...webhooks: ValidatingWebhook[]) =>
    test.registry.of(validatingWebhookConfigurations).create(test.context, undefined, { metadata: { name: 'v' }, webhooks });
  const mutate = (...webhooks: MutatingWebhook[]) =>
    test.registry.of(mutatingWebhookConfigurations).create(test.context, undefined, { metadata: { name: 'm' }, webhooks });
  const createMap = (name = 'a', data: Record<string, string> = {}, context = test.context) => test.registry.of(configMaps).create(context, 'default', { metadata: { name }, data });

  it('asks about each request, over one connection', async () => {
    await validate(hook());
    await createMap('a');
    await test.registry.of(configMaps).update(test.context, { name: 'a', namespace: 'default', change: (map) => ({ ...map, data: { b: 'c' } }) });
    await test.registry.of(configMaps).delete(test.context, 'a', 'default', {});
    expect(server.requests.map(({ request }) => [request.operation, request.name, request.object !== null, request.oldObject !== null])).toEqual([
      ['CREATE', 'a', true, false], ['UPDATE', 'a', true, true], ['DELETE', 'a', false, true],
    ]);
    expect(server.requests[0]?.request).toMatchObject({
      kind: { group: '', version: 'v1', kind: 'ConfigMap' }, resource: { group: '', version: 'v1', resource: 'configmaps' }, namespace: 'default',
      userInfo: { username: 'tester', groups: ['system:masters'] }, dryRun: false, options: { kind: 'CreateOptions', apiVersion: 'meta.k8s.io/v1' },
    });
    expect(server.connections()).toBe(1);
  });

  it.each<[WebhookAnswer, number, string]>([
    [{ allowed: false }, 400, 'admission webhook "hook.example.com" denied the request without explanation'],
    [{ allowed: false, status: { message: 'not today', code: 403, reason: 'Forbidden' } }, 403, 'admission webhook "hook.example.com" denied the request: not today'],
    [{ uid: 'another' }, 500, 'Internal error occurred: failed calling webhook "hook.example.com": received invalid webhook response: expected response.uid='],
    [{ raw: { code: 500, body: 'broken' } }, 500, 'Internal error occurred: failed calling webhook "hook.example.com": failed to call webhook: broken'],
    [{ raw: { code: 200, body: '{}' } }, 500, 'Internal error occurred: failed calling webhook "hook.example.com": received invalid webhook response: webhook response was absent'],
  ])('refuses with what the webhook says (%#)', async (given, code, message) => {
    await validate(hook());
    answer = () => given;
    const error = await refusal(createMap());
    expect(error.code).toBe(code);
    expect(error.message.startsWith(message), error.message).toBe(true);
  });

  it('gives up after the timeout, and lets pass where failures are ignored', async () => {
    let release = (): void => {};
    answer = () => new Promise((resolve) => { release = () => { resolve({}); }; });
    await validate(hook({ timeoutSeconds: 1 }));
    const error = await refusal(createMap());
    expect(error.message).toBe(`Internal error occurred: failed calling webhook "hook.example.com": failed to call webhook: Post "https://127.0.0.1:${server.port}/?timeout=1s": context deadline exceeded`);
    await test.registry.of(validatingWebhookConfigurations).update(test.context, { name: 'v', change: (found) => ({ ...found, webhooks: [hook({ timeoutSeconds: 1, failurePolicy: 'Ignore' })] }) });
    expect((await createMap()).metadata?.name).toBe('a');
    release();
  });

  it('trusts only the authority that the configuration names', async () => {
    await validate(hook({ clientConfig: { url: server.clientConfig().url } }));
    expect((await refusal(createMap())).message).toContain('tls: failed to verify certificate: x509: certificate signed by unknown authority');
  });

  it('asks at the path that client-go makes of the configuration', async () => {
    const paths = ['//twice///asked/', '/twice/./asked', '/'];
    await mutate(...paths.map((path, index) => hook({ name: `hook-${index}.example.com`, clientConfig: server.clientConfig(path) })));
    await createMap();
    expect(server.requests.map(({ path }) => path)).toEqual(['/twice/asked', '/twice/asked', '/']);
  });

  it("trusts the server's own certificate where the configuration names it, as envtest's do", async () => {
    await validate(hook({ clientConfig: { ...server.clientConfig(), caBundle: server.ownBundle } }));
    expect((await createMap()).metadata?.name).toBe('a');
  });

  it('changes objects in turn, and asks again where a later webhook changed something', async () => {
    answer = (path, object) => {
      const { labels = {} } = (object as { metadata: { labels?: Record<string, string> } }).metadata;
      const next = { ...labels, [path.slice(1)]: String(Number(labels[path.slice(1)] ?? 0) + 1) };
      return { patch: [{ op: 'add', path: '/metadata/labels', value: next }], warnings: [`seen by ${path}`] };
    };
    await mutate(
      hook({ name: 'a.example.com', clientConfig: server.clientConfig('/a'), reinvocationPolicy: 'IfNeeded' }),
      hook({ name: 'b.example.com', clientConfig: server.clientConfig('/b'), reinvocationPolicy: 'Never' }),
    );
    const warnings: string[] = [];
    const auditAnnotations: Record<string, string> = {};
    const map = await createMap('a', {}, { ...test.context, warnings, auditAnnotations });
    expect(map.metadata?.labels).toEqual({ a: '2', b: '1' });
    expect(server.requests.map(({ path }) => path)).toEqual(['/a', '/b', '/a']);
    expect(warnings).toEqual(['seen by /a', 'seen by /b']);
    expect(auditAnnotations['mutation.webhook.admission.k8s.io/round_0_index_1']).toBe('{"configuration":"m","webhook":"b.example.com","mutated":true}');
  });

  it('fills in defaults of what a webhook added, and drops what the kind does not have', async () => {
    await mutate(hook());
    answer = () => ({ patch: [{ op: 'add', path: '/spec/initContainers', value: [{ name: 'added', image: 'busybox', unheard: 1 }] }] });
    const pod = await test.registry.of(pods).create(test.context, 'default', { metadata: { name: 'web' }, spec: { containers: [{ name: 'main', image: 'busybox' }] } });
    expect(pod.spec?.initContainers?.[0]).toMatchObject({ name: 'added', terminationMessagePolicy: 'File' });
    expect(pod.spec?.initContainers?.[0]).not.toHaveProperty('unheard');
  });

  it('is about what its selectors and rules say', async () => {
    await test.registry.of(namespaces).create(test.context, undefined, { metadata: { name: 'guarded', labels: { guard: 'yes' } } });
    answer = () => ({ allowed: false });
    await validate(hook({ namespaceSelector: { matchLabels: { guard: 'yes' } } }));
    await createMap();
    await refusal(test.registry.of(configMaps).create(test.context, 'guarded', { metadata: { name: 'a' } }));
    await test.registry.of(validatingWebhookConfigurations).delete(test.context, 'v', undefined, {});
    await validate(hook({ objectSelector: { matchLabels: { skip: 'no' } } }));
    await createMap('b');
    await refusal(test.registry.of(configMaps).create(test.context, 'default', { metadata: { name: 'c', labels: { skip: 'no' } } }));
    await test.registry.of(validatingWebhookConfigurations).delete(test.context, 'v', undefined, {});
  });

  it('never asks about its own configurations', async () => {
    answer = () => ({ allowed: false });
    await validate(hook({ rules: [{ operations: ['*'], apiGroups: ['*'], apiVersions: ['*'], resources: ['*'] }] }));
    await refusal(createMap());
    await test.registry.of(validatingWebhookConfigurations).delete(test.context, 'v', undefined, {});
    await createMap();
  });

  it('tells of dry runs', async () => {
    await validate(hook({ sideEffects: 'NoneOnDryRun' }));
    await createMap('a', {}, { ...test.context, dryRun: true });
    expect(server.requests[0]?.request.dryRun).toBe(true);
  });

  it('shows and refuses connections', async () => {
    await validate(hook({ rules: [{ operations: ['CONNECT'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods/attach'] }] }));
    answer = () => ({ allowed: false, status: { message: "attaching to pod 'to-be-attached-pod' is not allowed" } });
    const error = await refusal(test.registry.reviewConnect(test.context, {
      resource: pods, subresource: 'attach', namespace: 'default', name: 'web', options: { apiVersion: 'v1', kind: 'PodAttachOptions' },
    }));
    expect(error.message).toContain('is not allowed');
    expect(server.requests[0]?.request).toMatchObject({ operation: 'CONNECT', subResource: 'attach', name: 'web', kind: { group: '', version: 'v1', kind: 'PodAttachOptions' } });
  });

  it('is asked about bindings, and may change them', async () => {
    await test.registry.of(pods).create(test.context, 'default', { metadata: { name: 'web' }, spec: { containers: [{ name: 'c', image: 'd' }] } });
    await mutate(hook({ rules: [{ operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods/binding'] }] }));
    answer = () => ({ patch: [{ op: 'replace', path: '/target/name', value: 'pi-2' }] });
    await test.registry.bind(test.context, 'default', 'web', { nodeName: 'pi-1' });
    expect(server.requests[0]?.request).toMatchObject({ operation: 'CREATE', subResource: 'binding', name: 'web', kind: { group: '', version: 'v1', kind: 'Binding' }, object: { kind: 'Binding', target: { kind: 'Node', name: 'pi-1' } } });
    expect(test.registry.of(pods).get('web', 'default').spec?.nodeName).toBe('pi-2');
  });

  it('shows scales as scales', async () => {
    await test.registry.of(deployments).create(test.context, 'default', {
      metadata: { name: 'web' }, spec: { selector: { matchLabels: { a: 'b' } }, template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'd' }] } } },
    });
    await mutate(hook());
    answer = () => ({ patch: [{ op: 'replace', path: '/spec/replicas', value: 7 }] });
    const scaled = await test.registry.of(deployments).update(test.context, { name: 'web', namespace: 'default', subresource: 'scale', change: (copy) => ({ ...copy, spec: { ...copy.spec!, replicas: 3 } }) });
    expect(server.requests[0]?.request).toMatchObject({ kind: { group: 'autoscaling', version: 'v1', kind: 'Scale' }, object: { kind: 'Scale', spec: { replicas: 3 } } });
    expect(scaled.spec?.replicas).toBe(7);
  });

  it('reaches webhooks behind Services', async () => {
    await validate(hook({ clientConfig: { service: { namespace: 'default', name: 'hook', path: '/check', port: 8443 }, caBundle: server.caBundle } }));
    expect((await refusal(createMap())).message)
      .toBe('Internal error occurred: failed calling webhook "hook.example.com": failed to call webhook: Post "https://hook.default.svc:8443/check?timeout=5s": service "hook" not found');
    await test.registry.of(services).create(test.context, 'default', { metadata: { name: 'hook' }, spec: { ports: [{ name: 'https', port: 8443 }] } });
    expect((await refusal(createMap())).message).toContain('no endpoints available for service "hook"');
    await test.storage.commit([{ key: 'core/pods/default/hook', expected: 0, object: { metadata: { name: 'hook', namespace: 'default' } }, durable: true }]);
    await test.registry.of(endpointSlices).create(test.context, 'default', {
      metadata: { name: 'hook-1', labels: { 'kubernetes.io/service-name': 'hook' } }, addressType: 'IPv4', ports: [{ name: 'https', port: server.port }], endpoints: [{ addresses: ['198.18.0.9'], targetRef: { kind: 'Pod', name: 'hook', namespace: 'default' } }],
    });
    await createMap();
    expect(server.requests.map(({ path }) => path)).toEqual(['/check']);
  });
});
