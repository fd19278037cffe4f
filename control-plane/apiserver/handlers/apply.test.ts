import type { FastifyInstance } from 'fastify';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { KubernetesObject, Status } from '../../../api/meta.ts';
import { silentLogger } from '../../../machinery/logger.ts';
import type { FakeClock } from '../../../machinery/testing/fake-clock.ts';
import { createTestRegistry } from '../../registry/testing/test-registry.ts';
import { buildApp } from '../app.ts';

interface Answer extends KubernetesObject {
  spec: { replicas?: number; ports?: { port: number; protocol?: string; name?: string }[]; template: { spec: { containers: { name: string; image: string; env?: object[] }[] } } };
  data?: Record<string, string>;
  status: Record<string, unknown>;
}

let app: FastifyInstance;
let clock: FakeClock;

beforeEach(async () => {
  const test = await createTestRegistry();
  clock = test.clock;
  app = buildApp({
    registry: test.registry, authenticator: { authenticate: () => ({ name: 'admin', groups: ['system:masters'] }) }, version: '0.1.0', clock, logger: silentLogger, random: () => 0,
  });
});
afterEach(() => app.close());

const configMaps = '/api/v1/namespaces/default/configmaps';
const deployments = '/apis/apps/v1/namespaces/default/deployments';

async function send<T = Answer>(method: 'GET' | 'POST' | 'PUT' | 'PATCH', url: string, body?: unknown, contentType = 'application/json') {
  const response = await app.inject({ method, url, headers: { 'content-type': contentType, 'user-agent': 'agent/1.0' }, ...(body === undefined ? {} : { payload: typeof body === 'string' ? body : JSON.stringify(body) }) });
  return { code: response.statusCode, headers: response.headers, object: response.json<T>() };
}

function apply<T = Answer>(url: string, body: unknown, manager = 'alice', query = '') {
  return send<T>('PATCH', `${url}?fieldManager=${manager}${query}`, body, 'application/apply-patch+yaml');
}

function refused(url: string, body: unknown, manager = 'alice', query = '') {
  return apply<Status>(url, body, manager, query);
}

function configMap(data: Record<string, string>, metadata: object = {}) {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a', ...metadata }, data };
}

function deployment(spec: object = {}, container: object = {}) {
  const template = { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'web', image: 'web:1', ...container }] } };
  return { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web' }, spec: { selector: { matchLabels: { app: 'web' } }, template, ...spec } };
}

/** manager, operation, subresource → fields. */
function owners({ metadata }: KubernetesObject): Record<string, unknown> {
  return Object.fromEntries((metadata?.managedFields ?? []).map(({ manager, operation, subresource, fieldsV1 }) =>
    [[manager, operation, ...(subresource ? [subresource] : [])].join(' '), fieldsV1]));
}

describe('a read', () => {
  it('of a version that this server has not reached is told to come back', async () => {
    await send('POST', configMaps, configMap({ k: 'v' }));
    expect((await send('GET', `${configMaps}/a?resourceVersion=1`)).code).toBe(200);
    const { code, object } = await send<Status>('GET', `${configMaps}/a?resourceVersion=99999999`);
    expect([code, object.reason, object.message]).toEqual([504, 'Timeout', expect.stringMatching(/Too large resource version: 99999999, current: \d+$/)]);
    expect((await send('GET', `${configMaps}/a?resourceVersion=x`)).code).toBe(400);
  });
});

describe('owners of fields', () => {
  it('are not those whose change a subresource takes back', async () => {
    await send('POST', `${deployments}?fieldManager=alice`, deployment());
    const status = { ...deployment({ replicas: 7 }), metadata: { name: 'web', labels: { new: 'label' }, annotations: { note: 'x' } }, status: { observedGeneration: 1 } };
    const { object } = await send('PUT', `${deployments}/web/status?fieldManager=bob`, status);
    expect(object.metadata?.labels).toBeUndefined();
    expect(owners(object)['bob Update status']).toEqual({ 'f:metadata': { 'f:annotations': { '.': {}, 'f:note': {} } }, 'f:status': { 'f:observedGeneration': {} } });
  });

  it('have printable names of a bounded length', async () => {
    const entry = (manager: string) => ({ managedFields: [{ manager, operation: 'Update', apiVersion: 'v1', fieldsType: 'FieldsV1', fieldsV1: { 'f:data': { 'f:k': {} } } }] });
    const agent = await app.inject({ method: 'POST', url: configMaps, headers: { 'content-type': 'application/json', 'user-agent': `tab\t${'b'.repeat(200)}/1` }, payload: JSON.stringify(configMap({ k: 'v' })) });
    expect(agent.json<Answer>().metadata?.managedFields?.[0]?.manager).toBe(`tab${'b'.repeat(124)}`);
    const long = await send<Status>('PUT', `${configMaps}/a`, configMap({ k: 'v' }, entry('a'.repeat(129))));
    expect([long.code, long.object.message]).toEqual([422, expect.stringContaining('metadata.managedFields[0].manager: Too long: may not be more than 128 bytes')]);
    expect((await send<Status>('PUT', `${configMaps}/a`, configMap({ k: 'v' }, entry('a\u0007')))).object.message).toContain('invalid character U+0007 (at position 1)');
  });

  it('are who created them', async () => {
    const { object } = await send('POST', `${configMaps}?fieldManager=alice`, configMap({ k: 'v' }, { labels: { a: 'b' } }));
    expect(object.metadata?.managedFields).toEqual([{
      manager: 'alice', operation: 'Update', apiVersion: 'v1', time: '2026-01-01T00:00:00Z', fieldsType: 'FieldsV1',
      fieldsV1: { 'f:data': { '.': {}, 'f:k': {} }, 'f:metadata': { 'f:labels': { '.': {}, 'f:a': {} } } },
    }]);
  });

  it('are named by their User-Agent where they do not name themselves', async () => {
    expect(Object.keys(owners((await send('POST', configMaps, configMap({ k: 'v' }))).object))).toEqual(['agent Update']);
  });

  it('are those who changed them last', async () => {
    await send('POST', `${configMaps}?fieldManager=alice`, configMap({ k: 'v', l: 'w' }));
    const { object } = await send('PATCH', `${configMaps}/a?fieldManager=bob`, { data: { l: 'x' } }, 'application/merge-patch+json');
    expect(owners(object)).toEqual({ 'alice Update': { 'f:data': { '.': {}, 'f:k': {} } }, 'bob Update': { 'f:data': { 'f:l': {} } } });
  });

  it('lose what is removed, and are forgotten when they own nothing', async () => {
    await send('POST', `${configMaps}?fieldManager=alice`, configMap({ k: 'v' }));
    await send('PATCH', `${configMaps}/a?fieldManager=bob`, { data: { l: 'x' } }, 'application/merge-patch+json');
    const { object } = await send('PATCH', `${configMaps}/a?fieldManager=carol`, { data: { l: null } }, 'application/merge-patch+json');
    expect(Object.keys(owners(object))).toEqual(['alice Update']);
  });

  it('keep their time until they change something', async () => {
    const before = (await send('POST', `${configMaps}?fieldManager=alice`, configMap({ k: 'v' }))).object;
    await clock.advance(5000);
    const { object } = await send('PUT', `${configMaps}/a?fieldManager=alice`, configMap({ k: 'v' }));
    expect(object.metadata).toEqual(before.metadata);
  });

  it('are forgotten on request, and stay so', async () => {
    await send('POST', `${configMaps}?fieldManager=alice`, configMap({ k: 'v' }));
    const reset = await send('PATCH', `${configMaps}/a`, { metadata: { managedFields: [{}] } }, 'application/merge-patch+json');
    expect(reset.object.metadata?.managedFields).toBeUndefined();
    const { object } = await send('PATCH', `${configMaps}/a`, { data: { k: 'w' } }, 'application/merge-patch+json');
    expect(object.metadata?.managedFields).toBeUndefined();
    expect(Object.keys(owners((await apply(`${configMaps}/a`, configMap({ l: 'x' }))).object)).sort()).toEqual(['alice Apply', 'before-first-apply Update']);
  });

  it('do not change when a client sends nonsense in their place', async () => {
    const before = (await send('POST', `${configMaps}?fieldManager=alice`, configMap({ k: 'v' }))).object;
    const nonsense = [{ manager: 'x', operation: 'Guess', apiVersion: 'v1', fieldsType: 'FieldsV1', fieldsV1: { 'x:y': {} } }];
    const { object } = await send('PUT', `${configMaps}/a?fieldManager=bob`, configMap({ k: 'v' }, { managedFields: nonsense }));
    expect(object.metadata).toEqual(before.metadata);
  });

  it('are at most ten that updated; the oldest share an entry', async () => {
    await send('POST', `${configMaps}?fieldManager=m00`, configMap({ k0: 'v' }));
    let last: KubernetesObject = {};
    for (let index = 1; index < 13; index++) {
      await clock.advance(1000);
      last = (await send('PATCH', `${configMaps}/a?fieldManager=m${String(index).padStart(2, '0')}`, { data: { [`k${index}`]: 'v' } }, 'application/merge-patch+json')).object;
    }
    expect(Object.keys(owners(last))).toEqual(['ancient-changes Update', 'm04 Update', 'm05 Update', 'm06 Update', 'm07 Update', 'm08 Update', 'm09 Update', 'm10 Update', 'm11 Update', 'm12 Update']);
    expect(owners(last)['ancient-changes Update']).toEqual({ 'f:data': { '.': {}, 'f:k0': {}, 'f:k1': {}, 'f:k2': {}, 'f:k3': {} } });
  });

  it('of the status are told apart', async () => {
    await send('POST', `${deployments}?fieldManager=alice`, deployment());
    const { object } = await send('PATCH', `${deployments}/web/status?fieldManager=controller`, { status: { replicas: 1 } }, 'application/merge-patch+json');
    expect(owners(object)['controller Update status']).toEqual({ 'f:status': { 'f:replicas': {} } });
  });

  it('of replicas that were set through scale are told apart', async () => {
    await send('POST', `${deployments}?fieldManager=alice`, deployment({ replicas: 1 }));
    await send('PATCH', `${deployments}/web/scale?fieldManager=scaler`, { spec: { replicas: 3 } }, 'application/merge-patch+json');
    const { object } = await send('GET', `${deployments}/web`);
    expect(owners(object)['scaler Update scale']).toEqual({ 'f:spec': { 'f:replicas': {} } });
    expect((owners(object)['alice Update'] as { 'f:spec': object })['f:spec']).not.toHaveProperty('f:replicas');
  });
});

describe('server-side apply', () => {
  it('creates what is not there', async () => {
    const { code, object } = await apply(`${configMaps}/a`, 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  k: v\n');
    expect(code).toBe(201);
    expect(object.data).toEqual({ k: 'v' });
    expect(owners(object)).toEqual({ 'alice Apply': { 'f:data': { 'f:k': {} } } });
  });

  it('changes nothing when it is repeated', async () => {
    const first = await apply(`${deployments}/web`, deployment());
    await clock.advance(10_000);
    const again = await apply(`${deployments}/web`, deployment());
    expect([again.code, again.object]).toEqual([200, first.object]);
  });

  it('merges lists by their keys and removes what is no longer applied', async () => {
    const ports = [{ name: 'http', containerPort: 80 }, { name: 'dns', containerPort: 53, protocol: 'UDP' }];
    const first = (await apply(`${deployments}/web`, deployment({ replicas: 2 }, { ports, env: [{ name: 'A', value: '1' }, { name: 'B', value: '2' }] }))).object;
    const fields = (owners(first)['alice Apply'] as { 'f:spec': { 'f:template': { 'f:spec': { 'f:containers': Record<string, object> } } } })['f:spec']['f:template']['f:spec']['f:containers'];
    expect(fields['k:{"name":"web"}']).toMatchObject({
      '.': {}, 'f:name': {}, 'f:image': {},
      'f:ports': { 'k:{"containerPort":80,"protocol":"TCP"}': { '.': {}, 'f:containerPort': {}, 'f:name': {} }, 'k:{"containerPort":53,"protocol":"UDP"}': { '.': {}, 'f:protocol': {} } },
    });
    const second = await apply(`${deployments}/web`, deployment({}, { env: [{ name: 'B', value: '2' }] }));
    // Nobody wants another number: it goes back to its default.
    expect(second.object.spec).toMatchObject({ replicas: 1, template: { spec: { containers: [{ name: 'web', env: [{ name: 'B', value: '2' }] }] } } });
    expect(second.object.spec.template.spec.containers[0]).not.toHaveProperty('ports');
  });

  it('keeps what others made', async () => {
    await apply(`${configMaps}/a`, configMap({ k: 'v', l: 'v' }));
    await apply(`${configMaps}/a`, configMap({ l: 'v', m: 'v' }), 'bob');
    await send('PATCH', `${configMaps}/a?fieldManager=carol`, { data: { n: 'v' } }, 'application/merge-patch+json');
    const { object } = await apply(`${configMaps}/a`, configMap({}));
    expect(object.data).toEqual({ l: 'v', m: 'v', n: 'v' });
  });

  it('is refused what belongs to others', async () => {
    await apply(`${deployments}/web`, deployment({ replicas: 1 }));
    const one = await refused(`${deployments}/web`, deployment({ replicas: 2 }), 'bob');
    expect(one).toMatchObject({ code: 409, object: {
      reason: 'Conflict', message: 'Apply failed with 1 conflict: conflict with "alice": .spec.replicas',
      details: { causes: [{ reason: 'FieldManagerConflict', message: 'conflict with "alice"', field: '.spec.replicas' }] },
    } });
    await send('PATCH', `${deployments}/web?fieldManager=kubectl`, { spec: { paused: true, minReadySeconds: 3 } }, 'application/merge-patch+json');
    const more = await refused(`${deployments}/web`, deployment({ replicas: 2, paused: false, minReadySeconds: 4 }, { image: 'web:2' }), 'bob');
    expect(more.object.message).toBe('Apply failed with 4 conflicts: conflicts with "alice":\n- .spec.replicas\n- .spec.template.spec.containers[name="web"].image\n'
      + 'conflicts with "kubectl" using apps/v1:\n- .spec.minReadySeconds\n- .spec.paused');
  });

  it('shares what it sets to the same value', async () => {
    await apply(`${configMaps}/a`, configMap({ k: 'v' }));
    const { object } = await apply(`${configMaps}/a`, configMap({ k: 'v' }), 'bob');
    expect(Object.keys(owners(object))).toEqual(['alice Apply', 'bob Apply']);
    expect((await apply(`${configMaps}/a`, configMap({}))).object.data).toEqual({ k: 'v' });
  });

  it('takes by force', async () => {
    await apply(`${configMaps}/a`, configMap({ k: 'v', l: 'v' }));
    const { object } = await apply(`${configMaps}/a`, configMap({ k: 'w' }), 'bob', '&force=true');
    expect(object.data).toEqual({ k: 'w', l: 'v' });
    expect(owners(object)).toEqual({ 'alice Apply': { 'f:data': { 'f:l': {} } }, 'bob Apply': { 'f:data': { 'f:k': {} } } });
  });

  it('takes over from client-side apply', async () => {
    const applied = configMap({ k: 'v', l: 'v' });
    const annotations = { 'kubectl.kubernetes.io/last-applied-configuration': JSON.stringify(applied) };
    await send('POST', `${configMaps}?fieldManager=kubectl-client-side-apply`, configMap({ k: 'v', l: 'v' }, { annotations }));
    expect((await refused(`${configMaps}/a`, configMap({ k: 'w' }), 'somebody')).code).toBe(409);
    const { code, object } = await apply(`${configMaps}/a`, configMap({ k: 'w', l: 'v' }), 'kubectl');
    expect(code).toBe(200);
    expect(JSON.parse(object.metadata?.annotations?.['kubectl.kubernetes.io/last-applied-configuration'] ?? '')).toEqual(configMap({ k: 'w', l: 'v' }));
    expect(object.data).toEqual({ k: 'w', l: 'v' });
  });

  it('applies a status', async () => {
    await apply(`${deployments}/web`, deployment());
    const status = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web' }, spec: { replicas: 9 }, status: { observedGeneration: 1 } };
    const { object } = await apply(`${deployments}/web/status`, status, 'controller');
    expect(object).toMatchObject({ spec: { replicas: 1 }, status: { observedGeneration: 1 } });
    expect(owners(object)['controller Apply status']).toEqual({ 'f:status': { 'f:observedGeneration': {} } });
    expect((await refused(`${deployments}/none/status`, { ...status, metadata: { name: 'none' } })).code).toBe(404);
  });

  it('applies a scale', async () => {
    await apply(`${deployments}/web`, deployment());
    const scale = { apiVersion: 'autoscaling/v1', kind: 'Scale', metadata: { name: 'web' }, spec: { replicas: 4 } };
    expect((await apply(`${deployments}/web/scale`, scale, 'scaler')).object).toMatchObject({ kind: 'Scale', spec: { replicas: 4 } });
    expect(owners((await send('GET', `${deployments}/web`)).object)['scaler Apply scale']).toEqual({ 'f:spec': { 'f:replicas': {} } });
  });

  it.each([
    ['no manager', `${configMaps}/a`, configMap({}), '', 422, 'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch'],
    ['no YAML', `${configMaps}/a`, ']', 'alice', 400, /^error decoding YAML: /],
    ['another kind', `${configMaps}/a`, { apiVersion: 'v1', kind: 'Secret' }, 'alice', 400, 'invalid object type: /v1, Kind=Secret'],
    ['owners of its own', `${configMaps}/a`, configMap({}, { managedFields: [] }), 'alice', 400, 'metadata.managedFields must be nil'],
    ['another name', `${configMaps}/b`, configMap({}), 'alice', 400, 'the name of the object (a) does not match the name on the URL (b)'],
    ['a version of what is not there', `${configMaps}/a`, configMap({}, { uid: 'u' }), 'alice', 409, 'Operation cannot be fulfilled on configmaps "a": uid mismatch: the provided object specified uid u, and no existing object was found'],
    ['unknown fields', `${deployments}/web`, deployment({ replica: 1 }), 'alice', 400, 'failed to create typed patch object (/web; apps/v1, Kind=Deployment): .spec.replica: field not declared in schema'],
    ['wrong types', `${deployments}/web`, deployment({ replicas: 'x' }), 'alice', 400, /\.spec\.replicas: expected numeric \(int or float\), got string$/],
    ['items twice', `${deployments}/web`, deployment({}, { env: [{ name: 'A' }, { name: 'A' }] }), 'alice', 400, /\.spec\.template\.spec\.containers\[name="web"\]\.env: duplicate entries for key \[name="A"\]$/],
    ['items without a key', `${deployments}/web`, deployment({}, { env: [{ value: 'A' }] }), 'alice', 400, /env: element 0: associative list with keys has an element that omits all key fields \["name"\] \(and doesn't have default values for any key fields\)$/],
  ])('refuses %s', async (_what, url, body, manager, code, message) => {
    const answer = await refused(url, body, manager);
    expect(answer).toMatchObject({ code, object: { kind: 'Status', message: typeof message === 'string' ? message : expect.stringMatching(message) as string } });
  });

  it('allows force to nobody else', async () => {
    await send('POST', configMaps, configMap({}));
    expect((await send<Status>('PATCH', `${configMaps}/a?force=true`, {}, 'application/merge-patch+json')).object.message).toBe('PatchOptions.meta.k8s.io "" is invalid: force: Forbidden: may not be specified for non-apply patch');
  });

  it('changes nothing as a dry run', async () => {
    expect((await apply(`${configMaps}/a`, configMap({ k: 'v' }), 'alice', '&dryRun=All')).code).toBe(201);
    expect((await send('GET', `${configMaps}/a`)).code).toBe(404);
  });
});
