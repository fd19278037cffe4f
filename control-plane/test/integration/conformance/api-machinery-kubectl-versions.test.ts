/** Versions of kubectl, each with its own ways to change objects, must come to the same. */
import { existsSync, readdirSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Kubectl, kubectlPath } from '../apiserver/kubectl.ts';
import { startControlPlane, type ControlPlane, type Loose } from './start-control-plane.ts';

const folder = '/usr/lib/google-cloud-sdk/bin';

/** The one of the PATH, the oldest that stands beside it, and what BRAMBLE_TEST_KUBECTLS adds: paths with colons between. */
function foundVersions(): string[] {
  const added = (process.env['BRAMBLE_TEST_KUBECTLS'] ?? '').split(':').filter(Boolean);
  const oldest = existsSync(folder) ? readdirSync(folder).filter((name) => /^kubectl\.\d/.test(name)).sort().slice(0, 1).map((name) => join(folder, name)) : [];
  return [...new Set([kubectlPath, ...oldest, ...added])];
}

let plane: ControlPlane;
beforeAll(async () => { plane = await startControlPlane(); });
afterAll(() => plane.stop());

const deployment = (image: string, more: object = {}): string => JSON.stringify({
  apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web', labels: { app: 'web' } },
  spec: { replicas: 1, selector: { matchLabels: { app: 'web' } }, template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'main', image, ports: [{ containerPort: 80 }], ...more }] } } },
});

describe.each(foundVersions())('%s', (path) => {
  it('applies, shows differences, edits, replaces, and applies on the server', async () => {
    const namespace = await plane.newNamespace();
    const kubectl = new Kubectl(plane.kubeconfig, join(plane.directory, namespace), { KUBE_EDITOR: "sed -i 's/image: web:3/image: web:4/'" }, path);
    const run = (args: readonly string[], input?: string) => kubectl.run([...args, '-n', namespace], input);
    const ok = (args: readonly string[], input?: string) => kubectl.ok([...args, '-n', namespace], input);
    const read = (): Promise<Loose> => plane.ok('GET', `/apis/apps/v1/namespaces/${namespace}/deployments/web`);
    const imageOf = async (): Promise<string> => (await read())['spec'].template.spec.containers[0].image as string;

    expect(await ok(['apply', '-f', '-'], deployment('web:1', { env: [{ name: 'A', value: 'b' }] }))).toBe('deployment.apps/web created\n');
    expect(await ok(['apply', '-f', '-'], deployment('web:1', { env: [{ name: 'A', value: 'b' }] }))).toBe('deployment.apps/web unchanged\n');
    expect(await run(['diff', '-f', '-'], deployment('web:1', { env: [{ name: 'A', value: 'b' }] }))).toMatchObject({ code: 0, stdout: '' });
    const difference = await run(['diff', '-f', '-'], deployment('web:2'));
    expect([difference.code, difference.stderr]).toEqual([1, expect.not.stringContaining('rror') as string]);
    expect(difference.stdout).toMatch(/^-\s+- image: web:1|^-\s+image: web:1/m);
    expect(difference.stdout).toMatch(/^\+\s+- image: web:2|^\+\s+image: web:2/m);
    expect(difference.stdout).toMatch(/^-\s+(- env|env|- name: A|value: b)/m);
    expect(await ok(['apply', '-f', '-'], deployment('web:2'))).toBe('deployment.apps/web configured\n');
    expect((await read())['spec'].template.spec.containers[0].env).toBeUndefined();

    const file = join(plane.directory, `${namespace}.json`);
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
    expect((await read()).metadata.managedFields!.find(({ manager }) => manager === 'other')!.operation).toBe('Apply');
    expect(await ok(['replace', '--force', '-f', file])).toContain('deployment.apps/web replaced');
    expect(await ok(['delete', 'deployment', 'web'])).toContain('deleted');
  });
});
