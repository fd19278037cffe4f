/** A working day with kubectl: every kubectl of this machine against one cluster, each in a namespace of its own. */
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../../../machinery/testing/eventually.ts';
import { Cluster } from '../../framework/cluster.ts';
import { Kubectl } from '../../framework/kubectl.ts';
import { importProgram } from '../../framework/program-image.ts';

const run = promisify(execFile);
const busybox = '/usr/bin/busybox';
/** Ends at once when asked to, as a good program does. */
const sleep = [busybox, 'sh', '-c', `trap 'exit 0' TERM; ${busybox} sleep 3600 & wait`];

/** The kubectl under test, and the oldest and the newest of other versions that lie beside it (`kubectl.1.28`). */
const programs = [process.env.BRAMBLE_TEST_KUBECTL ?? 'kubectl', ...oldestAndNewestBeside()];

function oldestAndNewestBeside(): string[] {
  const onPath = (process.env.PATH ?? '').split(delimiter).map((directory) => join(directory, 'kubectl')).find(existsSync);
  const kubectl = process.env.BRAMBLE_TEST_KUBECTL ?? onPath;
  if (kubectl === undefined) return [];
  const beside = dirname(realpathSync(kubectl));
  const versions = readdirSync(beside).filter((name) => /^kubectl\.1\.\d+$/.test(name)).sort((one, other) => Number(one.slice(10)) - Number(other.slice(10)));
  return [...new Set([versions[0], versions.at(-1)])].filter((name) => name !== undefined).map((name) => join(beside, name));
}

let cluster: Cluster;
let directory: string;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'bramble-kubectl-'));
  cluster = await Cluster.create({ clusterCIDR: '198.18.80.0/20', serviceCIDR: '198.19.80.0/20', bridgeName: 'bramble-p5', extraFlags: ['--node-port-range', '30500-30599'] });
  await cluster.up();
  await importProgram(cluster.dockerHost, busybox, 'api-busybox:1');
  await importProgram(cluster.dockerHost, busybox, 'api-busybox:2');
});
afterAll(async () => {
  await cluster.destroy();
  rmSync(directory, { recursive: true, force: true });
});

function file(name: string, content: string, mode = 0o600): string {
  const path = join(directory, name);
  writeFileSync(path, content, { mode });
  return path;
}

describe.each(programs.map((program, index) => ({ program, namespace: `day-${index}` })))('$program', ({ program, namespace }) => {
  let kubectl: Kubectl;
  const ok = (...args: string[]) => kubectl.run(['-n', namespace, ...args]);
  const says = async (...args: string[]): Promise<string> => {
    const { stdout, stderr } = await kubectl.try(['-n', namespace, ...args]);
    return stdout + stderr;
  };

  beforeAll(async () => {
    kubectl = new Kubectl(cluster.kubeconfig, program);
    await kubectl.run(['create', 'namespace', namespace]);
  });
  afterAll(async () => {
    await kubectl.run(['delete', 'namespace', namespace, '--timeout=60s']);
  });

  it('looks around', async () => {
    expect(await ok('version')).toMatch(/v1\.36\.0\+bramble-/);
    expect(await ok('cluster-info')).toContain('is running at');
    expect(await ok('api-resources', '-o', 'wide')).toMatch(/^namespaces\s+ns\s+v1\s+false\s+Namespace\s+\[?create[, ]delete[, ]get[, ]list[, ]patch[, ]update[, ]watch\]?/m);
    expect(await ok('get', 'nodes', '-o', 'wide')).toMatch(/^NAME\s+STATUS\s+ROLES\s+AGE\s+VERSION\s+INTERNAL-IP\s+EXTERNAL-IP\s+OS-IMAGE\s+KERNEL-VERSION\s+CONTAINER-RUNTIME\nboard-1\s+Ready\s/);
    const node = await ok('describe', 'node', 'board-1');
    for (const heading of ['Conditions:', 'Capacity:', 'Allocatable:', 'System Info:', 'Non-terminated Pods:', 'Allocated resources:']) expect(node).toContain(heading);
    expect(await says('top', 'nodes')).toBe('error: Metrics API not available\n');
    expect(await ok('explain', 'deployment.spec.strategy.rollingUpdate')).toContain('maxSurge');
  });

  it('runs a Deployment from its birth to its end', async () => {
    expect(await ok('create', 'deployment', 'web', '--image=api-busybox:1', '--replicas=2', '--', ...sleep)).toBe('deployment.apps/web created\n');
    expect(await ok('rollout', 'status', 'deployment/web', '--timeout=60s')).toContain('deployment "web" successfully rolled out');
    expect(await ok('get', 'deployment', 'web')).toMatch(/^NAME\s+READY\s+UP-TO-DATE\s+AVAILABLE\s+AGE\nweb\s+2\/2\s+2\s+2\s+\d+s\n$/);
    await ok('set', 'image', 'deployment/web', 'api-busybox=api-busybox:2');
    await ok('rollout', 'status', 'deployment/web', '--timeout=60s');
    expect(await ok('rollout', 'history', 'deployment/web')).toMatch(/REVISION\s+CHANGE-CAUSE\n1\s+<none>\n2\s+<none>\n/);
    expect(await ok('rollout', 'undo', 'deployment/web', '--to-revision=1')).toContain('deployment.apps/web rolled back');
    await ok('rollout', 'status', 'deployment/web', '--timeout=60s');
    expect(await ok('get', 'deployment', 'web', '-o', 'jsonpath={.spec.template.spec.containers[0].image}')).toBe('api-busybox:1');
    expect(await ok('rollout', 'history', 'deployment/web')).toMatch(/\n2\s+<none>\n3\s+<none>\n/);
    await ok('rollout', 'pause', 'deployment/web');
    expect(await says('rollout', 'undo', 'deployment/web')).toContain('you cannot rollback a paused deployment');
    await ok('set', 'env', 'deployment/web', 'A=b');
    await ok('set', 'resources', 'deployment/web', '--limits=memory=64Mi');
    await ok('rollout', 'resume', 'deployment/web');
    await ok('rollout', 'restart', 'deployment/web');
    await ok('rollout', 'status', 'deployment/web', '--timeout=60s');
    await ok('scale', 'deployment', 'web', '--replicas=3', '--current-replicas=2');
    await ok('wait', '--for=condition=Available', 'deployment/web', '--timeout=60s');
    const description = await ok('describe', 'deployment', 'web');
    expect(description).toMatch(/Replicas:\s+3 desired \| \d updated \| \d total/);
    expect(description).toContain('ScalingReplicaSet');
    expect(await ok('expose', 'deployment', 'web', '--port=80', '--target-port=8080')).toBe('service/web exposed\n');
    await eventually(async () => /Endpoints:\s+198\.18\.80\.\d+:8080/.test(await ok('describe', 'service', 'web')), { timeoutMs: 20_000 });
    expect(await ok('get', 'service', 'web', '-o', 'wide')).toMatch(/^NAME\s+TYPE\s+CLUSTER-IP\s+EXTERNAL-IP\s+PORT\(S\)\s+AGE\s+SELECTOR\nweb\s+ClusterIP\s+198\.19\.\S+\s+<none>\s+80\/TCP\s+\d+s\s+app=web\n$/);
    expect(await ok('delete', 'deployment,service', 'web', `--cascade=${program.endsWith('kubectl') ? 'background' : 'foreground'}`)).toContain('deleted');
    await eventually(async () => await ok('get', 'pods,replicasets', '-o', 'name') === '', { timeoutMs: 30_000 });
  });

  it('looks into a pod', async () => {
    await ok('run', 'one', '--image=api-busybox:1', '--restart=Never', '--command', '--', busybox, 'sh', '-c', `echo hello; ${sleep[3]}`);
    await ok('wait', '--for=condition=Ready', 'pod/one', '--timeout=30s');
    expect(await ok('get', 'pod', 'one', '-o', 'wide')).toMatch(/^NAME\s+READY\s+STATUS\s+RESTARTS\s+AGE\s+IP\s+NODE\s+NOMINATED NODE\s+READINESS GATES\none\s+1\/1\s+Running\s+0\s+\d+s\s+198\.18\.80\.\d+\s+board-1\s+<none>\s+<none>\n$/);
    expect(await ok('logs', 'one')).toBe('hello\n');
    expect(await ok('get', 'pods', '-A', '--field-selector', `spec.nodeName=board-1,metadata.namespace=${namespace}`, '-o', 'custom-columns=N:.metadata.name,P:.status.phase')).toBe('N     P\none   Running\n');
    const description = await ok('describe', 'pod', 'one');
    for (const reason of ['Scheduled', 'Pulled', 'Created', 'Started']) expect(description).toMatch(new RegExp(`Normal\\s+${reason}\\s`));
    expect(await says('delete', 'pod', 'one', '--grace-period=0', '--force')).toContain('pod "one" force deleted');
    expect(await says('get', 'pod', 'one')).toBe('Error from server (NotFound): pods "one" not found\n');
  });

  it('manages configuration from files', async () => {
    await ok('create', 'configmap', 'conf', `--from-file=${file('app.properties', 'colour=red\n')}`, '--from-literal=a=b');
    await ok('create', 'secret', 'generic', 'pass', '--from-literal=word=berry');
    expect(await ok('get', 'secret', 'pass', '-o', 'jsonpath={.data.word}')).toBe(Buffer.from('berry').toString('base64'));
    expect(await ok('describe', 'secret', 'pass')).toMatch(/word:\s+5 bytes/);
    await ok('patch', 'configmap', 'conf', '--type=merge', '-p', '{"data":{"a":null,"c":"d"}}');
    await ok('patch', 'configmap', 'conf', '--type=json', '-p', '[{"op":"add","path":"/data/e","value":"f"}]');
    await ok('label', 'configmap', 'conf', 'tier=front');
    await ok('annotate', 'configmap', 'conf', 'note=x');
    expect(await ok('get', 'configmap', '-l', 'tier in (front,back)', '-o', 'jsonpath={.items[0].data}')).toBe('{"app.properties":"colour=red\\n","c":"d","e":"f"}');
    const editor = file('editor', '#!/bin/sh\nsed -i "s/  c: d$/  c: edited/" "$1"\n', 0o700);
    await run(program, ['-n', namespace, 'edit', 'configmap', 'conf'], { env: { ...process.env, KUBECONFIG: cluster.kubeconfig, KUBE_EDITOR: editor } });
    expect(await ok('get', 'configmap', 'conf', '-o', 'jsonpath={.data.c}')).toBe('edited');
  });

  it('applies, compares and prunes', async () => {
    const manifest = (value: string) => file('applied.yaml', `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: applied, labels: {set: one}}\ndata: {value: ${value}}\n`);
    expect(await ok('apply', '-f', manifest('first'))).toBe('configmap/applied created\n');
    expect(await ok('apply', '-f', manifest('first'))).toBe('configmap/applied unchanged\n');
    const difference = await kubectl.try(['-n', namespace, 'diff', '-f', manifest('second')]);
    expect(difference.code).toBe(1);
    expect(difference.stdout).toMatch(/-\s+value: first\n\+\s+value: second/);
    expect(await ok('apply', '-f', manifest('second'), '--dry-run=server')).toBe('configmap/applied configured (server dry run)\n');
    expect(await ok('get', 'configmap', 'applied', '-o', 'jsonpath={.data.value}')).toBe('first');
    file('kustomization.yaml', 'namePrefix: kustomized-\nconfigMapGenerator:\n- name: made\n  literals: [a=b]\nresources: [applied.yaml]\n');
    expect(await ok('apply', '-k', directory)).toMatch(/configmap\/kustomized-made-\w+ created/);
    expect(await ok('delete', '-k', directory)).toMatch(/configmap "kustomized-applied" deleted/);
  });

  it('drains a node with the eviction of its pods', async () => {
    await ok('create', 'deployment', 'drained', '--image=api-busybox:1', '--', ...sleep);
    await ok('rollout', 'status', 'deployment/drained', '--timeout=60s');
    await ok('cordon', 'board-1');
    expect(await ok('get', 'node', 'board-1')).toMatch(/Ready,SchedulingDisabled/);
    expect(await says('drain', 'board-1', '--force', '--grace-period=1', '--timeout=60s')).toMatch(/node\/board-1 (evicted|drained)/);
    await eventually(async () => /unschedulable/.test(await ok('describe', 'pods', '-l', 'app=drained')), { timeoutMs: 20_000 });
    await ok('uncordon', 'board-1');
    await ok('rollout', 'status', 'deployment/drained', '--timeout=60s');
    await ok('taint', 'node', 'board-1', 'test=yes:NoSchedule');
    expect(await ok('describe', 'node', 'board-1')).toMatch(/Taints:\s+test=yes:NoSchedule/);
    await ok('taint', 'node', 'board-1', 'test-');
  });

  it('issues tokens and takes kinds that no loop here runs yet', async () => {
    if (!/unknown (command|flag)/.test(await says('create', 'token', 'default', '--help'))) expect(await ok('create', 'token', 'default')).toMatch(/^ey/);
    expect(await ok('create', 'job', 'j', '--image=x', '--dry-run=server')).toMatch(/job.batch\/j created/);
  });

  it.each([
    [['get', 'bananas'], /error: the server doesn't have a resource type "bananas"/],
    [['create', 'quota', 'q', '--hard=pods=some'], /quantities must match|unable to parse quantity/],
    [['apply', '--server-side', '-f', '-'], /no objects passed/],
    [['delete', 'namespace', 'kube-system'], /namespaces "kube-system" is forbidden: this namespace may not be deleted/],
    [['scale', 'deployment', 'none', '--replicas=1'], /deployments.apps "none" not found|no objects passed to scale/],
  ])('is told why not: %j', async (args, message) => {
    expect(await says(...args)).toMatch(message);
  });
});
