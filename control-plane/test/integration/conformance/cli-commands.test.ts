/** What the conformance suite asks of kubectl's commands ([sig-cli]), as far as it takes no board. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Kubectl } from '../apiserver/kubectl.ts';
import { startApiServer, type StartedApiServer } from '../start-api-server.ts';

let server: StartedApiServer;
let kubectl: Kubectl;

beforeAll(async () => {
  server = await startApiServer();
  kubectl = new Kubectl(server.kubeconfig, server.directory);
});
afterAll(() => server.stop());

const controller = JSON.stringify({
  apiVersion: 'v1', kind: 'ReplicationController', metadata: { name: 'primary', labels: { app: 'primary' } },
  spec: { replicas: 1, selector: { app: 'primary' }, template: { metadata: { labels: { app: 'primary' } }, spec: { containers: [{ name: 'main', image: 'web:1', ports: [{ name: 'server', containerPort: 6379 }] }] } } },
});

describe('kubectl', () => {
  it('changes a pod in a dry run on the server, and the pod stays as it is', async () => {
    await kubectl.ok(['run', 'dry', '--image=web:1', '--labels=run=dry']);
    const patched = await kubectl.ok(['patch', 'pod', 'dry', '-p', '{"spec":{"containers":[{"name":"dry","image":"web:2"}]}}', '--dry-run=server', '-o', 'jsonpath={.spec.containers[0].image}']);
    expect(patched).toBe('web:2');
    expect(await kubectl.ok(['get', 'pod', 'dry', '-o', 'jsonpath={.spec.containers[0].image}'])).toBe('web:1');
  });

  it('exposes a ReplicationController, and its Service again under another port', async () => {
    await kubectl.ok(['create', '-f', '-'], controller);
    expect(await kubectl.ok(['expose', 'rc', 'primary', '--name=second', '--port=1234', '--target-port=6379'])).toBe('service/second exposed\n');
    expect(await kubectl.ok(['expose', 'service', 'second', '--name=third', '--port=2345', '--target-port=6379'])).toBe('service/third exposed\n');
    const ports = await kubectl.ok(['get', 'service', 'second', 'third', '-o', 'jsonpath={range .items[*]}{.spec.ports[0].port}>{.spec.ports[0].targetPort} {.spec.selector.app} {end}']);
    expect(ports).toBe('1234>6379 primary 2345>6379 primary ');
    expect(await kubectl.ok(['scale', 'rc', 'primary', '--current-replicas=1', '--replicas=2'])).toBe('replicationcontroller/primary scaled\n');
    expect((await kubectl.run(['scale', 'rc', 'primary', '--current-replicas=1', '--replicas=3'])).stderr).toContain('Expected replicas to be 1, was 2');
  });

  it('sets labels, finds by them, takes them away, and refuses to write over them or an old version', async () => {
    await kubectl.ok(['run', 'labelled', '--image=web:1']);
    await kubectl.ok(['label', 'pod', 'labelled', 'testing-label=value']);
    expect(await kubectl.ok(['get', 'pod', '-l', 'testing-label=value', '-o', 'name'])).toBe('pod/labelled\n');
    expect((await kubectl.run(['label', 'pod', 'labelled', 'testing-label=other'])).stderr).toContain('already has a value (value), and --overwrite is false');
    expect((await kubectl.run(['label', 'pod', 'labelled', 'testing-label=other', '--overwrite', '--resource-version=1'])).stderr).toContain('the object has been modified');
    await kubectl.ok(['label', 'pod', 'labelled', 'testing-label-']);
    expect(await kubectl.ok(['get', 'pod', '-l', 'testing-label', '-o', 'name'])).toBe('');
  });

  it('tells of a JSON patch that does not fit what kube-apiserver tells', async () => {
    await kubectl.ok(['create', 'configmap', 'tested', '--from-literal=a=b']);
    const refused = await kubectl.run(['patch', 'configmap', 'tested', '--type=json', '-p', '[{"op":"test","path":"/data/a","value":"c"},{"op":"remove","path":"/data/a"}]']);
    // Old ones leave the server's message out.
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringMatching(/^The request is invalid(: the server rejected our request due to an error in our request)?\n$/)]);
    expect(await kubectl.ok(['get', 'configmap', 'tested', '-o', 'jsonpath={.data.a}'])).toBe('b');
  });

  it('taints nodes and cordons them', async () => {
    await kubectl.ok(['create', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'Node', metadata: { name: 'board' } }));
    await kubectl.ok(['taint', 'node', 'board', 'key=value:NoSchedule']);
    expect(await kubectl.ok(['get', 'node', 'board', '-o', 'jsonpath={.spec.taints[?(@.key=="key")].effect}'])).toBe('NoSchedule');
    await kubectl.ok(['taint', 'node', 'board', 'key:NoSchedule-']);
    expect(await kubectl.ok(['get', 'node', 'board', '-o', 'jsonpath={.spec.taints[?(@.key=="key")].effect}'])).toBe('');
    expect(await kubectl.ok(['cordon', 'board'])).toBe('node/board cordoned\n');
    expect(await kubectl.ok(['get', 'node', 'board', '-o', 'jsonpath={.spec.unschedulable}'])).toBe('true');
    expect(await kubectl.ok(['uncordon', 'board'])).toBe('node/board uncordoned\n');
  });
});
