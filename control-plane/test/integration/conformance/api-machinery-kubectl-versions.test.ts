/** Versions of kubectl, each with its own ways to change objects, must come to the same. */
import { existsSync, readdirSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Kubectl, kubectlPath } from '../apiserver/kubectl.ts';
import { startApiServer, type StartedApiServer } from '../start-api-server.ts';
import { RawClient } from './raw-client.ts';
import type { Loose } from './start-control-plane.ts';

const folder = '/usr/lib/google-cloud-sdk/bin';

/**
 * The one of the PATH (or BRAMBLE_TEST_KUBECTL), the oldest that stands beside it, and what BRAMBLE_TEST_KUBECTLS adds: paths
 * with colons between. Where there is but one, its own ways to change an object still have to agree.
 */
function foundVersions(): string[] {
  const added = (process.env['BRAMBLE_TEST_KUBECTLS'] ?? '').split(':').filter(Boolean);
  const oldest = existsSync(folder) ? readdirSync(folder).filter((name) => /^kubectl\.\d/.test(name)).sort().slice(0, 1).map((name) => join(folder, name)) : [];
  return [...new Set([kubectlPath, ...oldest, ...added])];
}

const versions = foundVersions();

// Without controllers: `kubectl replace` reads and writes, and nobody may write the status in between.
let server: StartedApiServer;
let client: RawClient;
let namespaces = 0;
beforeAll(async () => {
  server = await startApiServer();
  client = new RawClient(server);
});
afterAll(() => {
  client.close();
  return server.stop();
});

async function newNamespace(): Promise<string> {
  namespaces += 1;
  const name = `test-${namespaces}`;
  await client.ok('POST', '/api/v1/namespaces', { metadata: { name } });
  return name;
}

const read = async (namespace: string): Promise<Loose> => await client.ok('GET', `/apis/apps/v1/namespaces/${namespace}/deployments/web`) as Loose;

const deployment = (image: string, more: object = {}): string => JSON.stringify({
  apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web', labels: { app: 'web' } },
  spec: { replicas: 1, selector: { matchLabels: { app: 'web' } }, template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'main', image, ports: [{ containerPort: 80 }], ...more }] } } },
});

describe.each(versions)('%s', (path) => {
  it('applies, shows differences, edits, replaces, and applies on the server', async () => {
    const namespace = await newNamespace();
    const kubectl = new Kubectl(server.kubeconfig, join(server.directory, namespace), { KUBE_EDITOR: "sed -i 's/image: web:3/image: web:4/'" }, path);
    const run = (args: readonly string[], input?: string) => kubectl.run([...args, '-n', namespace], input);
    const ok = (args: readonly string[], input?: string) => kubectl.ok([...args, '-n', namespace], input);
    const imageOf = async (): Promise<string> => (await read(namespace))['spec'].template.spec.containers[0].image as string;

    expect(await ok(['apply', '-f', '-'], deployment('web:1', { env: [{ name: 'A', value: 'b' }] }))).toBe('deployment.apps/web created\n');
    expect(await ok(['apply', '-f', '-'], deployment('web:1', { env: [{ name: 'A', value: 'b' }] }))).toBe('deployment.apps/web unchanged\n');
    expect(await run(['diff', '-f', '-'], deployment('web:1', { env: [{ name: 'A', value: 'b' }] }))).toMatchObject({ code: 0, stdout: '' });
    const difference = await run(['diff', '-f', '-'], deployment('web:2'));
    expect([difference.code, difference.stderr]).toEqual([1, expect.not.stringContaining('rror') as string]);
    expect(difference.stdout).toMatch(/^-\s+- image: web:1|^-\s+image: web:1/m);
    expect(difference.stdout).toMatch(/^\+\s+- image: web:2|^\+\s+image: web:2/m);
    expect(difference.stdout).toMatch(/^-\s+(- env|env|- name: A|value: b)/m);
    expect(await ok(['apply', '-f', '-'], deployment('web:2'))).toBe('deployment.apps/web configured\n');
    expect((await read(namespace))['spec'].template.spec.containers[0].env).toBeUndefined();

    const file = join(server.directory, `${namespace}.json`);
    await writeFile(file, deployment('web:3'));
    expect(await ok(['replace', '-f', file])).toBe('deployment.apps/web replaced\n');
    expect(await imageOf()).toBe('web:3');
    expect(await ok(['edit', 'deployment', 'web'])).toBe('deployment.apps/web edited\n');
    expect(await imageOf()).toBe('web:4');
    expect(await ok(['set', 'image', 'deployment/web', 'main=web:5'])).toBe('deployment.apps/web image updated\n');
    expect(await ok(['patch', 'deployment', 'web', '--type=json', '-p', '[{"op":"replace","path":"/spec/replicas","value":0}]'])).toBe('deployment.apps/web patched\n');

    const refused = await run(['apply', '--server-side', '--field-manager=other', '-f', '-'], deployment('web:6'));
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('Apply failed with');
    expect(refused.stderr).toContain('.spec.template.spec.containers[name="main"].image');
    expect(await imageOf()).toBe('web:5');
    expect(await ok(['apply', '--server-side', '--field-manager=other', '--force-conflicts', '-f', '-'], deployment('web:6'))).toBe('deployment.apps/web serverside-applied\n');
    expect(await imageOf()).toBe('web:6');
    expect(await ok(['apply', '--server-side', '--field-manager=other', '-f', '-', '--dry-run=server'], deployment('web:7'))).toContain('serverside-applied (server dry run)');
    expect(await imageOf()).toBe('web:6');
    expect((await read(namespace)).metadata.managedFields!.find(({ manager }) => manager === 'other')!.operation).toBe('Apply');
    expect(await ok(['replace', '--force', '-f', file])).toContain('deployment.apps/web replaced');
    expect(await ok(['delete', 'deployment', 'web'])).toContain('deleted');
  });
});

/** From one state to another: an item that is changed, removed, added, a map that loses a key, a field that goes back to its default. */
const first = {
  apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web', labels: { app: 'web', old: 'yes' } },
  spec: {
    replicas: 0, minReadySeconds: 5, selector: { matchLabels: { app: 'web' } },
    template: {
      metadata: { labels: { app: 'web' } },
      spec: {
        containers: [
          { name: 'main', image: 'web:1', ports: [{ containerPort: 80 }, { containerPort: 81 }], env: [{ name: 'A', value: '1' }, { name: 'B', value: '2' }], imagePullPolicy: 'Never' },
          { name: 'side', image: 'side:1' },
        ],
        volumes: [{ name: 'data', emptyDir: {} }], nodeSelector: { disk: 'ssd' },
      },
    },
  },
};
const second = {
  ...first, metadata: { name: 'web', labels: { app: 'web', new: 'yes' } },
  spec: {
    replicas: 0, selector: { matchLabels: { app: 'web' } },
    template: {
      metadata: { labels: { app: 'web', tier: 'front' } },
      spec: {
        containers: [
          { name: 'main', image: 'web:2', ports: [{ containerPort: 80 }], env: [{ name: 'B', value: '2' }, { name: 'C', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }] },
          { name: 'other', image: 'other:1' },
        ],
        volumes: [{ name: 'data', configMap: { name: 'conf' } }],
      },
    },
  },
};

/** Ways from the first state to the second, each with what it needs to begin. */
const ways: Readonly<Record<string, (before: string, after: string) => string[][]>> = {
  apply: (before, after) => [['apply', '-f', before], ['apply', '-f', after]],
  replace: (before, after) => [['create', '-f', before], ['replace', '-f', after]],
  edit: (before) => [['create', '-f', before], ['edit', 'deployment', 'web']],
  'apply --server-side': (before, after) => [['apply', '--server-side', '-f', before], ['apply', '--server-side', '-f', after]],
};

/** What the manifest is about, as it came to be. */
async function result(namespace: string): Promise<object> {
  const { metadata: { labels }, spec } = await read(namespace);
  return { labels, spec: spec as object };
}

it('comes to the same object in every version and in every way', async () => {
  const [before, after] = await Promise.all(Object.entries({ first, second }).map(async ([name, object]) => {
    const file = join(server.directory, `${name}.json`);
    await writeFile(file, JSON.stringify(object));
    return file;
  })) as [string, string];
  const edited = join(server.directory, 'edited.json');
  const results: Record<string, object> = {};
  for (const path of versions) {
    for (const [way, steps] of Object.entries(ways)) {
      const namespace = await newNamespace();
      const kubectl = new Kubectl(server.kubeconfig, join(server.directory, path.replaceAll('/', '-')), { KUBE_EDITOR: `cp ${edited}` }, path);
      const [begin, change] = steps(before, after) as [string[], string[]];
      await kubectl.ok([...begin, '-n', namespace]);
      // What a user makes of what the editor shows: the new manifest, under the metadata that is there.
      await writeFile(edited, JSON.stringify({ ...second, metadata: { ...(await read(namespace)).metadata, ...second.metadata } }));
      await kubectl.ok([...change, '-n', namespace]);
      results[`${path} ${way}`] = await result(namespace);
    }
  }
  const [expected] = Object.values(results);
  expect(expected).toMatchObject({ labels: second.metadata.labels, spec: { template: { spec: { containers: [{ name: 'main', image: 'web:2', imagePullPolicy: 'IfNotPresent' }, { name: 'other' }] } } } });
  for (const [how, found] of Object.entries(results)) expect(found, how).toEqual(expected);
});
