/**
 * kubectl's client-side apply over and over, with edits of others in between: what comes out is what its rules say, worked
 * out here from the three objects alone (last applied, live, new), without patches.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { KubernetesObject } from '../../../../api/meta.ts';
import { SeededRandom } from '../../../testing/seeded-random.ts';
import { RawClient } from '../conformance/raw-client.ts';
import { startApiServer, type StartedApiServer } from '../start-api-server.ts';
import { Kubectl } from './kubectl.ts';

type Json = null | boolean | number | string | Json[] | JsonObject;
interface JsonObject { [key: string]: Json }

/** Other ones each day would find more, but nobody could tell why a change failed: name another here to look for more. */
const firstSeed = Number(process.env['BRAMBLE_TEST_SEED'] ?? 1);
const rounds = 4;
const objectsPerRound = 9;

/** Lists whose items merge, by the name of the field: their merge key, or undefined for lists of plain values. */
const mergeKeys: Readonly<Record<string, string | undefined>> = {
  containers: 'name', initContainers: 'name', env: 'name', volumes: 'name', volumeMounts: 'mountPath', hostAliases: 'ip', imagePullSecrets: 'name', finalizers: undefined,
};
/** Of a Service they merge by `port`, of a container by `containerPort`. */
const portKeys = ['containerPort', 'port'];

let server: StartedApiServer;
let kubectl: Kubectl;
let client: RawClient;

beforeAll(async () => {
  server = await startApiServer();
  kubectl = new Kubectl(server.kubeconfig, server.directory);
  client = new RawClient(server);
});
afterAll(() => {
  client.close();
  return server.stop();
});

/** Manifests of one kind, each a new random one. */
class Manifests {
  private readonly random: SeededRandom;

  constructor(random: SeededRandom) {
    this.random = random;
  }

  deployment(name: string): JsonObject {
    return {
      apiVersion: 'apps/v1', kind: 'Deployment', metadata: this.metadata(name),
      spec: {
        ...this.maybe('replicas', () => this.random.integer(4)), ...this.maybe('minReadySeconds', () => this.random.integer(3)),
        selector: { matchLabels: { app: 'a' } }, template: { metadata: { labels: { app: 'a', ...this.words('t') } }, spec: this.podSpec() },
      },
    };
  }

  service(name: string): JsonObject {
    const ports = this.some([80, 443, 8080, 9090], 1).map((port) => ({
      port, name: `p${port}`, ...this.maybe('targetPort', () => this.random.of<Json>(['web', 81, 82])), ...this.maybe('appProtocol', () => this.random.of(['a.example/b', 'c.example/d'])),
    }));
    return {
      apiVersion: 'v1', kind: 'Service', metadata: this.metadata(name),
      spec: { ...this.maybe('selector', () => ({ app: 'a', ...this.words('s') })), ports, ...this.maybe('externalIPs', () => this.some(['192.0.2.1', '192.0.2.2'], 1)) },
    };
  }

  configMap(name: string): JsonObject {
    return { apiVersion: 'v1', kind: 'ConfigMap', metadata: this.metadata(name), ...this.maybe('data', () => this.words('d')) };
  }

  private podSpec(): JsonObject {
    const mounts = this.some(['/a', '/b', '/c'], 0).map((mountPath) => ({ mountPath, name: 'fixed', ...this.maybe('readOnly', () => true) }));
    return {
      containers: this.some(['web', 'side', 'more'], 1).map((name) => ({
        name, image: this.random.of(['one', 'two']), ...this.maybe('env', () => this.variables()), ...this.maybe('args', () => this.some(['x', 'y', 'z'], 1)),
        ...this.maybe('ports', () => this.some([80, 443, 8080], 1).map((containerPort) => ({ containerPort, ...this.maybe('name', () => `p${containerPort}`) }))),
        ...(mounts.length > 0 ? { volumeMounts: mounts } : {}),
        ...this.maybe('resources', () => ({ ...this.maybe('limits', () => ({ cpu: this.random.of(['1', '2']) })), ...this.maybe('requests', () => ({ memory: '1Mi' })) })),
      })),
      volumes: [{ name: 'fixed', emptyDir: {} }, ...this.some(['v', 'w'], 0).map((name) => ({ name, configMap: { name: this.random.of(['a', 'b']) } }))],
      ...this.maybe('tolerations', () => this.some(['k', 'l', 'm'], 1).map((key) => ({ key, operator: 'Exists' }))), ...this.maybe('nodeSelector', () => this.words('n')),
      ...this.maybe('hostAliases', () => this.some(['192.0.2.1', '192.0.2.2'], 1).map((ip) => ({ ip, hostnames: this.some(['h', 'i', 'j'], 1) }))),
      ...this.maybe('imagePullSecrets', () => this.some(['q', 'r', 's'], 1).map((name) => ({ name }))),
    };
  }

  private variables(): Json {
    return this.some(['A', 'B', 'C', 'D'], 1).map((name) => ({ name, value: this.random.of(['1', '2', '3']) }));
  }

  private metadata(name: string): JsonObject {
    return { name, namespace: 'default', ...this.maybe('labels', () => this.words('l')), ...this.maybe('annotations', () => this.words('a')), ...this.maybe('finalizers', () => this.some(['example.com/a', 'example.com/b', 'example.com/c'], 1)) };
  }

  private words(prefix: string): JsonObject {
    return Object.fromEntries(this.some(['1', '2', '3'], 0).map((key) => [prefix + key, this.random.of(['x', 'y'])]));
  }

  /** There, or not there, or null as if it were not. */
  private maybe(key: string, make: () => Json): JsonObject {
    const choice = this.random.integer(10);
    if (choice === 0) return { [key]: null };
    return choice < 6 ? { [key]: make() } : {};
  }

  /** Some of them, in any order. */
  private some<T>(choices: readonly T[], least: number): T[] {
    const shuffled = choices.map((choice) => ({ choice, place: this.random.fraction() })).sort((left, right) => left.place - right.place).map(({ choice }) => choice);
    return shuffled.slice(0, least + this.random.integer(choices.length - least + 1));
  }
}

const isObject = (value: Json | undefined): value is JsonObject => typeof value === 'object' && value !== null && !Array.isArray(value);

/** What one field becomes: gone where it was applied and is no longer, else as the new manifest says, else as it is. */
function mergeField(name: string, last: Json | undefined, live: Json | undefined, wanted: Json | undefined): Json | undefined {
  if (wanted === null) return undefined;
  if (wanted === undefined) return last === undefined ? live : undefined;
  if (isObject(wanted)) return mergeObjects(isObject(last) ? last : {}, isObject(live) ? live : {}, wanted);
  if (Array.isArray(wanted) && (name in mergeKeys || name === 'ports')) return mergeLists(name, listOf(last), listOf(live), wanted);
  return wanted;
}

const listOf = (value: Json | undefined): Json[] => (Array.isArray(value) ? value : []);

function mergeObjects(last: JsonObject, live: JsonObject, wanted: JsonObject): JsonObject {
  const result: JsonObject = {};
  for (const name of new Set([...Object.keys(live), ...Object.keys(wanted)])) {
    const value = mergeField(name, last[name], live[name], wanted[name]);
    if (value !== undefined) result[name] = value;
  }
  return result;
}

function mergeLists(name: string, last: Json[], live: Json[], wanted: Json[]): Json[] {
  const key = name === 'ports' ? portKeys.find((candidate) => isObject(wanted[0]) && candidate in wanted[0]) : mergeKeys[name];
  const identify = (item: Json): Json => (key === undefined ? item : (item as JsonObject)[key] ?? null);
  // kubectl compares plain values with the live ones sorted, so it does not see that only sorting them is wanted.
  const sorted = [...live].sort();
  if (key === undefined && wanted.length === live.length && wanted.every((item, index) => item === sorted[index]) && last.every((item) => wanted.includes(item))) return live;
  const find = (list: Json[], item: Json): Json | undefined => list.find((candidate) => identify(candidate) === identify(item));
  const named = wanted.map((item) => (isObject(item) ? mergeObjects((find(last, item) ?? {}) as JsonObject, (find(live, item) ?? {}) as JsonObject, item) : item));
  const foreign = live.filter((item) => find(wanted, item) === undefined && find(last, item) === undefined);
  return arrange(named, foreign, live, identify);
}

/** Items of the manifest in its order; an item of somebody else goes before the first of those that it was before. */
function arrange(named: Json[], foreign: Json[], live: Json[], identify: (item: Json) => Json): Json[] {
  const before = (item: Json): number => live.findIndex((candidate) => identify(candidate) === identify(item));
  const result: Json[] = [];
  const waiting = [...foreign];
  for (const item of named) {
    while (waiting.length > 0 && before(waiting[0]!) < before(item)) result.push(waiting.shift()!);
    result.push(item);
  }
  return [...result, ...waiting];
}

const lastAppliedKey = 'kubectl.kubernetes.io/last-applied-configuration';

/** What a client may compare: without what the server writes at every change. */
function comparable(object: JsonObject): JsonObject {
  const { resourceVersion: _, generation: __, managedFields: ___, ...metadata } = object['metadata'] as JsonObject;
  const { [lastAppliedKey]: ____, ...annotations } = (metadata['annotations'] ?? {}) as JsonObject;
  return withoutEmpty({ ...object, metadata: { ...metadata, annotations } }) as JsonObject;
}

/** The API knows no difference between an empty list or map and none (but of what is there as such: `emptyDir: {}`). */
function withoutEmpty(value: Json, name = ''): Json {
  if (Array.isArray(value)) return value.map((item) => withoutEmpty(item));
  if (!isObject(value)) return value;
  const entries = Object.entries(value).map(([key, inner]) => [key, withoutEmpty(inner, key)] as const);
  return Object.fromEntries(entries.filter(([key, inner]) => key === 'emptyDir' || key === 'resources' || name === 'emptyDir' || !(isObject(inner) && Object.keys(inner).length === 0)));
}

const listText = (items: readonly Json[]): string => JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
const nameOf = (object: JsonObject): string => `${object['kind'] as string}/${(object['metadata'] as JsonObject)['name'] as string}`;

async function liveObjects(names: readonly string[]): Promise<JsonObject[]> {
  const { items } = JSON.parse(await kubectl.ok(['get', ...names, '-o', 'json'])) as { items: JsonObject[] };
  return names.map((name) => items.find((item) => nameOf(item) === name)!);
}

const pathsOf: Readonly<Record<string, string>> = { Deployment: '/apis/apps/v1/namespaces/default/deployments', Service: '/api/v1/namespaces/default/services', ConfigMap: '/api/v1/namespaces/default/configmaps' };

/** Not by `kubectl replace`, which brings its record of what was applied up to date. */
async function putAll(objects: readonly JsonObject[]): Promise<void> {
  for (const object of objects) {
    const { code, body } = await client.call('PUT', `${pathsOf[object['kind'] as string]!}/${nameOf(object).split('/')[1]!}`, object);
    if (code !== 200) throw new Error(JSON.stringify(body));
  }
}

/** What the server fills in for new items, which the rules do not know. */
async function withDefaults(objects: readonly JsonObject[]): Promise<JsonObject[]> {
  const printed = await kubectl.ok(['replace', '--dry-run=server', '--validate=false', '-o', 'json', '-f', '-'], listText(objects));
  const items = printedObjects(printed);
  return objects.map((object) => items.find((item) => nameOf(item) === nameOf(object))!);
}

/** kubectl prints what it has replaced one after the other, each from one column-0 brace to the next, not as a list. */
function printedObjects(text: string): JsonObject[] {
  return text.split(/(?<=^\})\n(?=\{)/m).map((object) => JSON.parse(object) as JsonObject);
}

function lastApplied(live: JsonObject): JsonObject {
  return JSON.parse(((live['metadata'] as JsonObject)['annotations'] as Record<string, string>)[lastAppliedKey]!) as JsonObject;
}

/** kubectl's own annotation is one of every manifest, so it never takes the annotations away as a whole. */
function withAnnotations(manifest: JsonObject): JsonObject {
  const metadata = manifest['metadata'] as JsonObject;
  return { ...manifest, metadata: { ...metadata, annotations: metadata['annotations'] ?? {} } };
}

/** Somebody else changes, adds and reorders; kubectl's record stays. */
function edit(random: SeededRandom, live: JsonObject, other: JsonObject): JsonObject {
  const edited = structuredClone(live);
  const { annotations, ...metadata } = other['metadata'] as JsonObject;
  delete metadata['finalizers'];
  mix(random, edited['metadata'] as JsonObject, { ...metadata, annotations: annotations ?? {} });
  for (const part of ['spec', 'data']) if (isObject(edited[part]) && isObject(other[part])) mix(random, edited[part], other[part]);
  return edited;
}

function mix(random: SeededRandom, target: JsonObject, source: JsonObject): void {
  for (const [name, value] of Object.entries(source)) {
    if (value === null || random.once(2)) continue;
    const present = target[name];
    if (isObject(value) && isObject(present)) mix(random, present, value);
    else if (Array.isArray(value) && Array.isArray(present) && (name in mergeKeys || name === 'ports')) target[name] = mixLists(random, name, present, value);
    else target[name] = value;
  }
}

function mixLists(random: SeededRandom, name: string, present: Json[], value: Json[]): Json[] {
  const keys = name === 'ports' ? portKeys : [mergeKeys[name] ?? ''];
  const identify = (item: Json): Json => keys.map((key) => (item as JsonObject)[key] ?? null).find((found) => found !== null) ?? item;
  const added = value.filter((item) => !present.some((candidate) => identify(candidate) === identify(item)));
  const all = random.once(2) ? [...present, ...added] : [...added, ...present];
  return random.once(3) ? all.reverse() : all;
}

it('apply gives what the rules of three-way merges say, then diff says nothing and nobody conflicts', async () => {
  const random = new SeededRandom(firstSeed);
  const manifests = new Manifests(random);
  const kinds = ['deployment', 'service', 'configMap'] as const;
  const generate = (): JsonObject[] => Array.from({ length: objectsPerRound }, (_, index) => manifests[kinds[index % kinds.length]!](`thing-${index}`));
  const first = generate();
  const names = first.map(nameOf);
  await kubectl.ok(['apply', '--validate=false', '-f', '-'], listText(first));
  for (let round = 0; round < rounds; round++) {
    const others = generate();
    const edited = (await liveObjects(names)).map((live, index) => edit(random, live, others[index]!));
    await putAll(edited);
    const before = await liveObjects(names);
    const wanted = generate();
    const merged = before.map((live, index) => mergeObjects(lastApplied(live), live, withAnnotations(wanted[index]!)));
    const expected = await withDefaults(merged);
    await kubectl.ok(['apply', '--validate=false', '-f', '-'], listText(wanted));
    const after = await liveObjects(names);
    after.forEach((object, index) => expect(comparable(object), `seed ${firstSeed}, round ${round}: ${JSON.stringify({ last: lastApplied(before[index]!), live: before[index], wanted: wanted[index] })}`)
      .toEqual(comparable(expected[index]!)));
    const diff = await kubectl.run(['diff', '-f', '-'], listText(wanted));
    expect([diff.code, diff.stdout, diff.stderr]).toEqual([0, '', '']);
  }
  const applied = (await liveObjects(names)).map(lastApplied);
  const serverSide = await kubectl.run(['apply', '--server-side', '--validate=false', '-f', '-'], listText(applied));
  expect([serverSide.code, serverSide.stderr]).toEqual([0, '']);
  const objects = JSON.parse(await kubectl.ok(['get', ...names, '-o', 'json'])) as { items: KubernetesObject[] };
  expect(objects.items).toHaveLength(objectsPerRound);
}, 60_000);
