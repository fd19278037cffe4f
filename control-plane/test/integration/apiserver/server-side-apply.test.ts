/** What kubectl's ways of writing make of each other: apply in the client and on the server, edit, replace, diff, scale. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { KubernetesObject } from '../../../../api/meta.ts';
import { startApiServer, type StartedApiServer } from '../start-api-server.ts';
import { Kubectl } from './kubectl.ts';

let server: StartedApiServer;
let kubectl: Kubectl;
let namespace: string;
let sequence = 0;

beforeAll(async () => {
  server = await startApiServer();
  kubectl = new Kubectl(server.kubeconfig, server.directory);
});
afterAll(() => server.stop());
beforeEach(async () => {
  sequence += 1;
  namespace = `apply-${sequence}`;
  await kubectl.ok(['create', 'namespace', namespace]);
});

const run = (...args: string[]) => kubectl.ok(['-n', namespace, ...args]);
const apply = (manifest: object, ...args: string[]) => kubectl.run(['-n', namespace, 'apply', '-f', '-', ...args], JSON.stringify(manifest));

function web({ image = 'nginx', replicas, labels = { app: 'web' } }: { image?: string; replicas?: number; labels?: Record<string, string> } = { replicas: 2 }) {
  return {
    apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web', labels },
    spec: {
      ...(replicas === undefined ? {} : { replicas }), selector: { matchLabels: { app: 'web' } },
      template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'web', image, ports: [{ containerPort: 80 }] }] } },
    },
  };
}

async function managers(): Promise<string[]> {
  const object = JSON.parse(await run('get', 'deploy', 'web', '-o', 'json', '--show-managed-fields')) as KubernetesObject;
  return (object.metadata?.managedFields ?? []).map(({ manager, operation, subresource }) => [manager, operation, ...(subresource ? [subresource] : [])].join(' '));
}

describe('kubectl apply --server-side', () => {
  it('creates, repeats itself without a change, and changes', async () => {
    expect((await apply(web(), '--server-side')).stdout).toContain('deployment.apps/web serverside-applied');
    const version = await run('get', 'deploy', 'web', '-o', 'jsonpath={.metadata.resourceVersion}');
    await apply(web(), '--server-side');
    expect(await run('get', 'deploy', 'web', '-o', 'jsonpath={.metadata.resourceVersion}')).toBe(version);
    expect((await apply(web({ image: 'nginx:2', replicas: 2 }), '--server-side')).stdout).toContain('serverside-applied');
    expect(await run('get', 'deploy', 'web', '-o', 'jsonpath={.spec.template.spec.containers[0].image}')).toBe('nginx:2');
    expect(await managers()).toEqual(['kubectl Apply']);
  });

  it('tells who stands in the way', async () => {
    await apply(web(), '--server-side');
    const conflict = await apply(web({ replicas: 5 }), '--server-side', '--field-manager', 'other');
    expect(conflict.stderr).toContain('Apply failed with 1 conflict: conflict with "kubectl": .spec.replicas');
    expect(conflict.stderr).toContain('Please review the fields above--they currently have other managers');
    expect((await apply(web({ replicas: 5 }), '--server-side', '--field-manager', 'other', '--force-conflicts')).code).toBe(0);
    expect(await run('get', 'deploy', 'web', '-o', 'jsonpath={.spec.replicas}')).toBe('5');
  });

  it('leaves to a scaler what it no longer applies', async () => {
    await apply(web(), '--server-side');
    await run('scale', 'deploy', 'web', '--replicas=4');
    expect((await apply(web(), '--server-side')).stderr).toContain('conflict with "kubectl" with subresource "scale" using apps/v1: .spec.replicas');
    await apply(web({}), '--server-side');
    expect(await run('get', 'deploy', 'web', '-o', 'jsonpath={.spec.replicas}')).toBe('4');
  });

  it('goes on where client-side apply was used, and back', async () => {
    await apply(web({ replicas: 2, labels: { app: 'web', old: 'yes' } }));
    expect(await managers()).toEqual(['kubectl-client-side-apply Update']);
    const migrated = await apply(web({ image: 'nginx:2', replicas: 2 }), '--server-side');
    expect([migrated.code, migrated.stderr]).toEqual([0, '']);
    expect(await run('get', 'deploy', 'web', '-o', 'jsonpath={.metadata.labels}')).toBe('{"app":"web"}');
    // kubectl writes its record with `annotations: {}`, the server without: the text differs once, nothing else.
    await apply(web({ image: 'nginx:2', replicas: 2 }));
    expect((await apply(web({ image: 'nginx:2', replicas: 2 }))).stdout).toContain('unchanged');
    expect((await apply(web({ image: 'nginx:3', replicas: 2, labels: {} }))).stdout).toContain('configured');
    expect(await run('get', 'deploy', 'web', '-o', 'jsonpath={.metadata.labels} {.spec.template.spec.containers[0].image}')).toBe(' nginx:3');
  });

  it('shows what it would change', async () => {
    await apply(web(), '--server-side');
    const diff = await kubectl.run(['-n', namespace, 'diff', '--server-side', '-f', '-'], JSON.stringify(web({ image: 'nginx:9', replicas: 2 })));
    expect([diff.code, diff.stdout]).toEqual([1, expect.stringMatching(/^-.*image: nginx$[^]*^\+.*image: nginx:9$/m) as string]);
    const same = await kubectl.run(['-n', namespace, 'diff', '--server-side', '-f', '-'], JSON.stringify(web()));
    expect([same.code, same.stdout]).toEqual([0, '']);
  });

  it('reads YAML and says what it does not know', async () => {
    const refused = await kubectl.run(['-n', namespace, 'apply', '--server-side', '--validate=false', '-f', '-'], JSON.stringify({ ...web(), spec: { ...web().spec, replica: 1 } }));
    expect(refused.stderr).toContain(`failed to create typed patch object (${namespace}/web; apps/v1, Kind=Deployment): .spec.replica: field not declared in schema`);
  });
});

describe('other ways of writing', () => {
  it('are told apart by their owners', async () => {
    await run('create', 'deploy', 'web', '--image=nginx');
    await run('set', 'image', 'deploy/web', 'nginx=nginx:2');
    await run('label', 'deploy', 'web', 'a=b');
    await run('annotate', 'deploy', 'web', 'c=d');
    await run('patch', 'deploy', 'web', '--type=json', '-p', '[{"op":"replace","path":"/spec/replicas","value":3}]');
    expect((await managers()).sort()).toEqual(['kubectl-annotate Update', 'kubectl-create Update', 'kubectl-label Update', 'kubectl-patch Update', 'kubectl-set Update']);
  });

  it('edit and replace agree with apply', async () => {
    await apply(web());
    const editing = new Kubectl(server.kubeconfig, server.directory, { KUBE_EDITOR: 'sed -i s/replicas:.2/replicas:\\ 3/' });
    await editing.ok(['-n', namespace, 'edit', 'deploy', 'web']);
    expect((await managers()).sort()).toEqual(['kubectl-client-side-apply Update', 'kubectl-edit Update']);
    const edited = JSON.parse(await run('get', 'deploy', 'web', '-o', 'json')) as { spec: { replicas: number } };
    edited.spec.replicas = 7;
    await kubectl.ok(['-n', namespace, 'replace', '-f', '-'], JSON.stringify(edited));
    expect(await managers()).toContain('kubectl-replace Update');
    expect((await apply(web())).stdout).toContain('configured');
    expect(await run('get', 'deploy', 'web', '-o', 'jsonpath={.spec.replicas} {.spec.template.spec.containers[0].image}')).toBe('2 nginx');
  });
});
