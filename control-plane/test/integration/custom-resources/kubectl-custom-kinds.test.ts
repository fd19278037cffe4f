import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Kubectl } from '../apiserver/kubectl.ts';
import { startApiServer, type StartedApiServer } from '../start-api-server.ts';

let server: StartedApiServer;
let kubectl: Kubectl;

beforeAll(async () => {
  server = await startApiServer();
  kubectl = new Kubectl(server.kubeconfig, server.directory);
  const definitions = await readFile(new URL('./definitions.yaml', import.meta.url), 'utf8');
  await kubectl.ok(['apply', '-f', '-'], definitions);
  await kubectl.ok(['wait', '--for', 'condition=established', '--timeout', '20s', 'crd', '--all']);
  expect(await kubectl.ok(['apply', '-f', '-'], definitions)).toMatch(/gardens\S+ unchanged\n\S+addresspools\S+ unchanged/);
});

afterAll(() => server.stop());

const garden = (spec: object, name = 'a', labels = {}) => JSON.stringify({ apiVersion: 'farm.example.com/v1', kind: 'Garden', metadata: { name, namespace: 'default', labels }, spec });
const pool = (spec: object, name = 'p') => JSON.stringify({ apiVersion: 'net.example.com/v1beta1', kind: 'AddressPool', metadata: { name }, spec });
const specOf = async (name: string): Promise<unknown> => JSON.parse(await kubectl.ok(['get', 'gd', name, '-o', 'jsonpath={.spec}']));
const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { labels: { a: 'b' } }, spec: { anything: true } };

it('shows columns, short names and categories, and selects by fields', async () => {
  await kubectl.ok(['apply', '-f', '-'], garden({ size: 3, port: 'http', beds: [{ name: 'n1', plants: 1 }, { name: 'n2' }], free: { a: { b: 1 } }, template: pod }, 'a', { 'app.kubernetes.io/name': 'shop' }));
  await kubectl.ok(['apply', '-f', '-'], garden({ color: 'red' }, 'b'));
  const { stderr } = await kubectl.run(['patch', 'garden', 'a', '--subresource', 'status', '--type', 'merge', '-p', '{"status":{"replicas":1,"selector":"app=x","conditions":[{"type":"Ready","status":"True"}],"odd":1}}']);
  expect(stderr).toContain('Warning: unknown field "status.odd"');
  expect(await kubectl.ok(['get', 'gd', 'a', '-o', 'wide'])).toMatch(/^NAME +COLOR +READY +BEDS +LAST +APP +AGE\na +green +True +n1 n2 +n2 +shop +\d+s\n$/);
  expect(await kubectl.ok(['get', 'farm', '-o', 'name'])).toBe('garden.farm.example.com/a\ngarden.farm.example.com/b\n');
  expect(await kubectl.ok(['get', 'all'])).toMatch(/NAME +COLOR +READY +BEDS +APP +AGE\ngarden\.farm\.example\.com\/a/);
  expect(await kubectl.ok(['get', 'gd', '--field-selector', 'spec.color=green,spec.size=3', '-o', 'name'])).toBe('garden.farm.example.com/a\n');
  expect((await kubectl.run(['get', 'gd', '--field-selector', 'spec.steps=x'])).stderr.trim()).toMatch(/field selector "spec\.steps=x": field label not supported: spec\.steps$/);
  expect(await kubectl.ok(['get', 'gd', 'a', '-o', 'jsonpath={.status}'])).not.toContain('odd');
});

it('edits, also one subresource alone', async () => {
  const edit = (script: string, ...args: string[]) => new Kubectl(server.kubeconfig, server.directory, { KUBE_EDITOR: `sed -i ${script}` }).ok(['edit', 'garden', 'a', ...args]);
  expect(await edit('s/size:.3/size:\\ 5/')).toContain('edited');
  await edit('s/replicas:.1/replicas:\\ 7/', '--subresource=status');
  expect(await kubectl.ok(['get', 'gd', 'a', '-o', 'jsonpath={.spec.size} {.spec.replicas} {.status.replicas}'])).toBe('5 1 7');
});

it('scales, and tells autoscalers what to count', async () => {
  expect(await kubectl.ok(['scale', 'gd', 'a', '--replicas', '4'])).toContain('scaled');
  expect(JSON.parse(await kubectl.ok(['get', '--raw', '/apis/farm.example.com/v1/namespaces/default/gardens/a/scale']))).toMatchObject({ kind: 'Scale', spec: { replicas: 4 }, status: { replicas: 7, selector: 'app=x' } });
  await kubectl.ok(['autoscale', 'garden', 'a', '--max', '5']);
  expect(await kubectl.ok(['get', 'hpa', 'a', '-o', 'jsonpath={.spec.scaleTargetRef}'])).toBe('{"apiVersion":"farm.example.com/v1","kind":"Garden","name":"a"}');
});

it('merges lists on the server by their types', async () => {
  const apply = (manager: string, spec: object, ...args: string[]) => kubectl.run(['apply', '--server-side', '--field-manager', manager, '-f', '-', ...args], garden(spec, 's'));
  await apply('one', { tags: ['a', 'b'], steps: ['one'], beds: [{ name: 'n1', plants: 1 }], size: 2 });
  await apply('two', { tags: ['c'], beds: [{ name: 'n2', plants: 2 }] });
  expect(await specOf('s')).toEqual({ beds: [{ name: 'n1', plants: 1 }, { name: 'n2', plants: 2 }], color: 'green', replicas: 1, size: 2, steps: ['one'], tags: ['a', 'b', 'c'] });
  const { stderr } = await apply('three', { steps: ['two'], beds: [{ name: 'n1', plants: 9 }] });
  expect(stderr).toContain('conflicts with "one":\n- .spec.steps\n- .spec.beds[name="n1"].plants');
  await apply('one', { tags: ['c'] });
  expect(await specOf('s')).toEqual({ beds: [{ name: 'n2', plants: 2 }], color: 'green', replicas: 1, tags: ['c'] });
});

it('takes no strategic merge patch', async () => {
  expect((await kubectl.run(['patch', 'garden', 'a', '--type', 'strategic', '-p', '{}'])).stderr).toContain('application/strategic-merge-patch+json is not supported by farm.example.com/v1, Kind=Garden');
});

it('checks whole objects inside of others', async () => {
  const create = async (template: object) => (await kubectl.run(['create', '--validate=false', '-f', '-'], garden({ template }, 'inside'))).stderr;
  expect((await kubectl.run(['create', '--validate=strict', '-f', '-'], garden({ template: { ...pod, metadata: { labels: {}, odd: 1 } } }, 'inside'))).stderr).toContain('unknown field "spec.template.metadata.odd"');
  expect(await create({ kind: 'Pod' })).toContain('spec.template.apiVersion: Required value');
  expect(await create({ apiVersion: 'v1', kind: 'P_od' })).toContain('spec.template.kind: Invalid value: "P_od": may have mixed case, but should otherwise match: a DNS-1035 label must consist');
  expect(await create({ ...pod, metadata: { labels: { 'a b': 'c' } } })).toContain('spec.template.metadata.labels: Invalid value: "a b"');
  expect(await create({ ...pod, metadata: { labels: 'x' } })).toContain('cannot be handled as a Garden');
});

it('keeps to rules with all of their libraries', async () => {
  const apply = async (spec: object) => (await kubectl.run(['apply', '-f', '-'], pool(spec))).stderr.trim();
  const addresses = ['198.18.0.0/24', '2001:db8::/64'];
  const owned = { addresses, gateway: '198.18.0.1', quota: '10Gi', hook: 'https://example.com/x', owner: 'me', state: 'new' };
  expect(await apply({ addresses, state: 'old' })).toContain('spec.state: Invalid value: "old": begins as new');
  expect(await apply({ addresses: ['x', '198.18.0.0/24', '1.2.3.4'] })).toContain('spec.addresses: Invalid value: 2 of them are no networks');
  expect(await apply({ addresses, gateway: '192.0.2.1' })).toContain('spec.gateway: Forbidden: the gateway is in none of the networks');
  expect(await apply({ addresses, quota: '2Ti' })).toContain('spec: Invalid value: the quota is too large');
  expect(await apply({ addresses, hook: 'http://example.com' })).toContain('hooks are called over https');
  expect(await apply({ addresses, owner: 'A_b' })).toContain('spec: Invalid value: a lowercase RFC 1123 label must consist');
  expect(await apply(owned)).toBe('');
  expect(await apply({ ...owned, state: 'used' })).toBe('');
  expect(await apply({ ...owned, owner: 'you' })).toContain('the owner is kept');
});

it('explains, and is gone with its definition', async () => {
  expect(await kubectl.ok(['explain', 'garden.spec.color'])).toMatch(/FIELD: color <string>\nENUM:\n\s+red\n\s+green[\s\S]*Of the fence\./);
  await kubectl.ok(['delete', 'crd', 'gardens.farm.example.com', '--timeout', '30s']);
  expect((await kubectl.run(['explain', 'garden'])).stderr).toMatch(/couldn't find resource|doesn't have a resource type|could not find/);
  expect(await kubectl.ok(['get', '--raw', '/openapi/v3'])).not.toContain('farm.example.com');
});
