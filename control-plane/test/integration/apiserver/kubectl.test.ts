import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { deployments, nodes } from '../../../../api/resources.ts';
import { eventually } from '../../../../machinery/testing/eventually.ts';
import { startApiServer, type StartedApiServer } from '../start-api-server.ts';
import { Kubectl } from './kubectl.ts';

let server: StartedApiServer;
let kubectl: Kubectl;
let namespace: string;
let sequence = 0;
const context = { user: { name: 'system:kubelet', groups: ['system:masters'] }, fieldManager: 'test', dryRun: false };

beforeAll(async () => {
  server = await startApiServer();
  kubectl = new Kubectl(server.kubeconfig, server.directory);
});
afterAll(() => server.stop());
beforeEach(async () => {
  sequence += 1;
  namespace = `test-${sequence}`;
  await kubectl.ok(['create', 'namespace', namespace]);
});

const run = (...args: string[]) => kubectl.ok(['-n', namespace, ...args]);
const apply = (manifest: object, ...args: string[]) => kubectl.ok(['-n', namespace, 'apply', '-f', '-', ...args], JSON.stringify(manifest));

function web(image = 'nginx', replicas = 2) {
  return {
    apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web', labels: { app: 'web' } },
    spec: {
      replicas, selector: { matchLabels: { app: 'web' } },
      template: {
        metadata: { labels: { app: 'web' } },
        spec: { containers: [{ name: 'web', image, ports: [{ containerPort: 80 }, { containerPort: 443 }] }, { name: 'side', image: 'busybox' }] },
      },
    },
  };
}

describe('kubectl', () => {
  it('knows the server', async () => {
    expect(await kubectl.ok(['version'])).toContain('v1.36.0+bramble-0.0.0-test');
    const resources = await kubectl.ok(['api-resources']);
    expect(resources).toMatch(/^configmaps\s+cm\s+v1\s+true\s+ConfigMap/m);
    expect(resources).toMatch(/^deployments\s+deploy\s+apps\/v1\s+true\s+Deployment/m);
    expect((await kubectl.ok(['api-versions'])).split('\n')).toEqual(expect.arrayContaining(['apps/v1', 'coordination.k8s.io/v1', 'discovery.k8s.io/v1', 'v1']));
    expect(await kubectl.ok(['get', '--raw', '/readyz'])).toBe('ok');
  });

  it('applies, changes only what changed, and deletes', async () => {
    expect(await apply(web())).toContain('deployment.apps/web created');
    expect(await apply(web())).toContain('deployment.apps/web unchanged');
    expect(await apply(web('nginx:2'))).toContain('deployment.apps/web configured');
    const { spec } = await server.registry.of(deployments).get('web', namespace);
    expect(spec?.template.spec?.containers.map((container) => container.image)).toEqual(['nginx:2', 'busybox']);
    expect(spec?.template.spec?.containers[0]?.ports).toHaveLength(2);
    expect(await run('get', 'deploy', '-o', 'wide')).toMatch(/NAME\s+READY\s+UP-TO-DATE\s+AVAILABLE\s+AGE\s+CONTAINERS\s+IMAGES\s+SELECTOR\nweb\s+0\/2\s+0\s+0\s+\d+s\s+web,side\s+nginx:2,busybox\s+app=web/);
    expect(await run('delete', 'deploy', 'web')).toMatch(/deployment.apps "web" deleted/);
    expect(await run('get', 'deploy', '--ignore-not-found')).toBe('');
  });

  it('applies without a trace in a dry run', async () => {
    expect(await apply(web(), '--dry-run=server')).toContain('deployment.apps/web created (server dry run)');
    expect(await run('get', 'deploy', '--ignore-not-found')).toBe('');
  });

  it('refuses a manifest with an unknown field and says which', async () => {
    const wrong = { ...web(), spec: { ...web().spec, replcas: 1 } };
    const { code, stderr } = await kubectl.run(['-n', namespace, 'apply', '-f', '-'], JSON.stringify(wrong));
    expect(code).toBe(1);
    expect(stderr).toMatch(/unknown field "(spec\.)?replcas"/);
  });

  it('creates, labels, annotates, scales, patches, replaces', async () => {
    await run('create', 'configmap', 'conf', '--from-literal=a=b');
    await run('create', 'secret', 'generic', 'token', '--from-literal=a=b');
    await run('create', 'deployment', 'web', '--image=nginx', '--replicas=3');
    expect(await run('get', 'secret', 'token', '-o', 'jsonpath={.data.a}')).toBe('Yg==');
    await run('label', 'configmap', 'conf', 'tier=front');
    await run('annotate', 'configmap', 'conf', 'note=x');
    expect(await run('get', 'configmap', '-l', 'tier in (front)', '-o', 'name')).toBe('configmap/conf\n');
    await run('scale', 'deploy', 'web', '--replicas=0');
    expect(await run('get', 'deploy', 'web', '-o', 'jsonpath={.spec.replicas}')).toBe('0');
    await run('patch', 'configmap', 'conf', '--type=json', '-p', '[{"op":"replace","path":"/data/a","value":"c"}]');
    await run('patch', 'deploy', 'web', '-p', '{"spec":{"template":{"spec":{"containers":[{"name":"side","image":"x"}]}}}}');
    expect(await run('get', 'deploy', 'web', '-o', 'jsonpath={.spec.template.spec.containers[*].name}')).toBe('side nginx');
    await run('set', 'image', 'deploy/web', 'nginx=nginx:9');
    const manifest = await run('get', 'configmap', 'conf', '-o', 'yaml');
    expect(await kubectl.ok(['-n', namespace, 'replace', '-f', '-'], manifest.replace('a: c', 'a: d'))).toContain('configmap/conf replaced');
    expect(await run('get', 'configmap', 'conf', '-o', 'jsonpath={.data.a}/{.metadata.annotations.note}')).toBe('d/x');
    expect(await run('get', 'deploy,configmap,secret')).toMatch(/deployment.apps\/web[\s\S]*configmap\/conf[\s\S]*secret\/token/);
  });

  it('edits with an editor', async () => {
    await run('create', 'configmap', 'conf', '--from-literal=a=b');
    const script = join(server.directory, 'editor');
    await writeFile(script, '#!/bin/sh\nsed -i "s/  a: b$/  a: edited/" "$1"\n', { mode: 0o700 });
    const editor = new Kubectl(server.kubeconfig, server.directory, { KUBE_EDITOR: script });
    expect(await editor.ok(['-n', namespace, 'edit', 'configmap', 'conf'])).toContain('configmap/conf edited');
    expect(await run('get', 'configmap', 'conf', '-o', 'jsonpath={.data.a}')).toBe('edited');
  });

  it('explains fields', async () => {
    expect(await kubectl.ok(['explain', 'deployment.spec.strategy'])).toMatch(/rollingUpdate/);
    expect(await kubectl.ok(['explain', 'pod.spec.containers', '--recursive'])).toMatch(/livenessProbe/);
  });

  it('waits for conditions and deletions', async () => {
    await apply(web());
    const waiting = run('wait', '--for=condition=Available', 'deploy/web', '--timeout=20s');
    await server.registry.of(deployments).update(context, {
      name: 'web', namespace, subresource: 'status',
      change: (current) => ({ ...current, status: { conditions: [{ type: 'Available', status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z', lastUpdateTime: '2026-01-01T00:00:00Z' }] } }),
    });
    expect(await waiting).toContain('deployment.apps/web condition met');
  });

  it('watches', async () => {
    const child = kubectl.start(['-n', namespace, 'get', 'configmaps', '-w']);
    let output = '';
    child.stdout.on('data', (data: Buffer) => { output += data.toString(); });
    try {
      // There is nothing yet, so kubectl prints nothing: create until it sees one.
      let created = 0;
      await eventually(async () => {
        created += 1;
        await run('create', 'configmap', `conf-${created}`);
        return /conf-\d+/.test(output);
      }, { everyMs: 300 });
      await run('delete', 'configmap', `conf-${created}`);
      await eventually(() => output.split('\n').filter((line) => line.includes(`conf-${created}`)).length >= 2);
    } finally {
      child.kill();
    }
  });

  it('shows pods and nodes with their columns', async () => {
    await server.registry.of(nodes).create(context, undefined, { metadata: { name: `pi-${sequence}`, labels: { 'node-role.kubernetes.io/control-plane': '' } } });
    expect(await kubectl.ok(['get', 'nodes', '-o', 'wide'])).toMatch(/NAME\s+STATUS\s+ROLES\s+AGE\s+VERSION\s+INTERNAL-IP\s+EXTERNAL-IP\s+OS-IMAGE\s+KERNEL-VERSION\s+CONTAINER-RUNTIME\npi-\d+\s+Unknown\s+control-plane/);
    await run('create', 'serviceaccount', 'default');
    await run('run', 'a', '--image=i');
    expect(await run('get', 'pods', '-o', 'wide')).toMatch(/NAME\s+READY\s+STATUS\s+RESTARTS\s+AGE\s+IP\s+NODE\s+NOMINATED NODE\s+READINESS GATES\na\s+0\/1\s+Pending\s+0\s+\d+s\s+<none>\s+<none>\s+<none>\s+<none>/);
    expect(await run('get', 'pods', '--field-selector', 'status.phase=Running', '-o', 'name')).toBe('');
  });

  it('tells why not, in Kubernetes\' words', async () => {
    expect((await kubectl.run(['-n', namespace, 'get', 'deploy', 'none'])).stderr).toBe('Error from server (NotFound): deployments.apps "none" not found\n');
    expect((await kubectl.run(['get', 'bananas'])).stderr).toContain('the server doesn\'t have a resource type "bananas"');
    await run('create', 'configmap', 'conf');
    expect((await kubectl.run(['-n', namespace, 'create', 'configmap', 'conf'])).stderr).toContain('configmaps "conf" already exists');
  });
});
