/** The guest book from beginning to end, on a cluster that one command started. */
import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Pod, PodList, Service } from 'kubernetes-types/core/v1';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../../../machinery/testing/eventually.ts';
import { Cluster } from '../../framework/cluster.ts';
import { HttpLoad } from '../../framework/http-load.ts';
import { podExec } from '../../framework/pod-exec.ts';

const run = promisify(execFile);
const manifest = 'examples/guestbook/guestbook.yaml';

let cluster: Cluster;
let clusterIP: string;

beforeAll(async () => {
  cluster = await Cluster.create({ clusterCIDR: '198.18.0.0/20', serviceCIDR: '198.19.0.0/20', bridgeName: 'bramble-e2e' });
  await cluster.up();
  await run(process.execPath, ['examples/guestbook/make-images.js', cluster.dockerHost]);
});

afterAll(async () => {
  await cluster.destroy();
});

async function pods(tier: string): Promise<Pod[]> {
  return (await cluster.kubectl.json<PodList>(['get', 'pods', '-l', `app=guestbook,tier=${tier}`])).items;
}

async function readyPods(tier: string): Promise<Pod[]> {
  return (await pods(tier)).filter((pod) => !pod.metadata?.deletionTimestamp && pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True'));
}

async function containerIds(): Promise<string[]> {
  return [...(await cluster.containers()).keys()].sort();
}

async function page(url: string): Promise<string> {
  const response = await fetch(url, { headers: { connection: 'close' } });
  expect(response.status).toBe(200);
  return response.text();
}

function load(): HttpLoad {
  return new HttpLoad({ url: `http://${clusterIP}/`, workers: 4, pauseMs: 5, keepAlive: false });
}

async function restartCounts(): Promise<number[]> {
  return [...await pods('web'), ...await pods('redis')].map((pod) => pod.status?.containerStatuses?.[0]?.restartCount ?? -1);
}

describe('the guest book', { timeout: 120_000 }, () => {
  it('comes up from one kubectl apply', async () => {
    const output = await cluster.kubectl.run(['apply', '-f', manifest]);
    expect(output).toContain('deployment.apps/guestbook created');
    await cluster.kubectl.run(['rollout', 'status', 'deployment/guestbook-redis', '--timeout=60s']);
    const status = await cluster.kubectl.run(['rollout', 'status', 'deployment/guestbook', '--timeout=60s']);
    expect(status).toContain('successfully rolled out');
    expect(await readyPods('web')).toHaveLength(3);
    clusterIP = (await cluster.kubectl.json<Service>(['get', 'service', 'guestbook'])).spec!.clusterIP!;
  });

  it('applies again without a change', async () => {
    const output = await cluster.kubectl.run(['apply', '-f', manifest]);
    expect(output.trim().split('\n').every((line) => line.endsWith('unchanged') || line.startsWith('secret/'))).toBe(true);
  });

  it('answers on the Service address, through NodePort and by name from a pod', async () => {
    expect(await page(`http://${clusterIP}/`)).toMatch(/Welcome to the bramble!\nGuest book version 1/);
    expect(await page('http://127.0.0.1:30080/')).toContain('Guest book version 1');
    const [web] = await readyPods('web');
    const script = "const get = async (name) => (await fetch('http://' + name + '/')).text(); console.log(await get('guestbook'), await get('guestbook.default.svc.cluster.local'), process.env.GUESTBOOK_SERVICE_HOST)";
    const result = await podExec(cluster.kubeconfig, { namespace: 'default', pod: web!.metadata!.name!, container: 'web' }, ['/usr/bin/node', '--input-type=module', '-e', script]);
    expect(result).toMatchObject({ code: 0, stderr: '' });
    expect(result.stdout.match(/You are visitor \d+/g)).toHaveLength(2);
    expect(result.stdout).toContain(clusterIP);
  });

  it('counts every visit once and is served by all replicas in turn', async () => {
    const names = new Set<string>();
    const visits: number[] = [];
    for (let request = 0; request < 12; request++) {
      const text = await page(`http://${clusterIP}/`);
      names.add(/page of (\S+)/.exec(text)![1]!);
      visits.push(Number(/visitor (\d+)/.exec(text)![1]));
    }
    expect([...names].sort()).toEqual((await readyPods('web')).map((pod) => pod.metadata!.name!).sort());
    expect(visits).toEqual(visits.map((_, index) => visits[0]! + index));
  });

  it('shows a changed ConfigMap in running pods', async () => {
    await cluster.kubectl.run(['patch', 'configmap', 'guestbook', '--type=merge', '-p', JSON.stringify({ data: { text: 'The berries are ripe!' } })]);
    await eventually(async () => (await page(`http://${clusterIP}/`)).includes('The berries are ripe!'), { timeoutMs: 30_000 });
    expect(await restartCounts()).toEqual([0, 0, 0, 0]);
  });

  it('keeps Secrets in memory only', async () => {
    const [redis] = await readyPods('redis');
    const mounts = readFileSync('/proc/mounts', 'utf8').split('\n');
    const configMount = mounts.find((line) => line.includes(cluster.dataDir) && line.includes('configmap'));
    expect(configMount).toMatch(/^tmpfs /);
    expect(redis!.spec!.containers[0]!.env![0]!.valueFrom!.secretKeyRef!.key).toBe('password');
    const search = await run('grep', ['-rl', '--devices=skip', '--exclude-dir=docker', '--exclude-dir=run', '--exclude-dir=server', 'raspberries-in-june', cluster.dataDir]).catch((error: unknown) => error);
    expect(search).toMatchObject({ code: 1 });
  });

  it('rolls out a second version under load with no failed request', async () => {
    const clients = load();
    await cluster.kubectl.run(['set', 'image', 'deployment/guestbook', 'web=guestbook-web:2']);
    await cluster.kubectl.run(['rollout', 'status', 'deployment/guestbook', '--timeout=90s']);
    await eventually(async () => (await pods('web')).length === 3, { timeoutMs: 60_000 });
    const result = await clients.stop();
    expect(result.failures).toEqual([]);
    expect(result.versions.get('1')).toBeGreaterThan(0);
    expect(result.versions.get('2')).toBeGreaterThan(0);
    expect(await page(`http://${clusterIP}/`)).toContain('Guest book version 2');
  });

  it('knows its history and undoes the roll-out under load with no failed request', async () => {
    const history = await cluster.kubectl.run(['rollout', 'history', 'deployment/guestbook']);
    expect(history).toMatch(/^1\s/m);
    expect(history).toMatch(/^2\s/m);
    const clients = load();
    await cluster.kubectl.run(['rollout', 'undo', 'deployment/guestbook']);
    await cluster.kubectl.run(['rollout', 'status', 'deployment/guestbook', '--timeout=90s']);
    expect((await clients.stop()).failures).toEqual([]);
    // The last old pod has just been told to go: the proxy hears of it a moment later.
    await eventually(async () => (await page(`http://${clusterIP}/`)).includes('Guest book version 1'), { timeoutMs: 10_000 });
    await eventually(async () => (await pods('web')).length === 3, { timeoutMs: 60_000 });
  });

  it('scales up and down', async () => {
    await cluster.kubectl.run(['scale', 'deployment/guestbook', '--replicas=5']);
    await eventually(async () => (await readyPods('web')).length === 5, { timeoutMs: 60_000 });
    await cluster.kubectl.run(['scale', 'deployment/guestbook', '--replicas=3']);
    await eventually(async () => (await pods('web')).length === 3, { timeoutMs: 60_000 });
  });

  it('starts a container again that was killed by hand', async () => {
    const [victim] = await readyPods('web');
    const id = victim!.status!.containerStatuses![0]!.containerID!.replace('docker://', '');
    const { State } = await cluster.docker<{ State: { Pid: number } }>(`/containers/${id}/json`);
    process.kill(State.Pid, 'SIGKILL');
    await eventually(async () => {
      const pod = await cluster.kubectl.json<Pod>(['get', 'pod', victim!.metadata!.name!]);
      const status = pod.status!.containerStatuses![0]!;
      return status.restartCount === 1 && status.ready && status.lastState?.terminated?.exitCode === 137;
    }, { timeoutMs: 60_000, everyMs: 200 });
  });

  it('replaces a pod that was deleted by hand', async () => {
    const [victim] = await readyPods('web');
    await cluster.kubectl.run(['delete', 'pod', victim!.metadata!.name!]);
    await eventually(async () => {
      const ready = await readyPods('web');
      return ready.length === 3 && ready.every((pod) => pod.metadata!.uid !== victim!.metadata!.uid);
    }, { timeoutMs: 60_000 });
  });

  it('serves on without interruption while control plane, NATS and agent are killed', async () => {
    const before = await containerIds();
    const restartsBefore = await restartCounts();
    const clients = load();
    for (const part of ['server', 'agent', 'nats-server']) await cluster.kill(part);
    await eventually(async () => (await cluster.kubectl.try(['get', '--raw', '/readyz'])).code === 0, { timeoutMs: 60_000, everyMs: 200 });
    await eventually(async () => (await readyPods('web')).length === 3, { timeoutMs: 60_000, everyMs: 200 });
    const result = await clients.stop();
    expect(result.failures).toEqual([]);
    expect(result.requests).toBeGreaterThan(100);
    expect(await containerIds()).toEqual(before);
    expect(await restartCounts()).toEqual(restartsBefore);
    // The cluster still obeys.
    await cluster.kubectl.run(['scale', 'deployment/guestbook', '--replicas=4']);
    await eventually(async () => (await readyPods('web')).length === 4, { timeoutMs: 60_000 });
  });

  it('survives Ctrl-C: pods run on, a second start takes seconds and finds them', async () => {
    const before = await containerIds();
    expect(await cluster.interrupt()).toBe(0);
    expect(await containerIds()).toEqual(before);
    const started = performance.now();
    await cluster.up();
    expect(performance.now() - started).toBeLessThan(20_000);
    await eventually(async () => (await readyPods('web')).length === 4, { timeoutMs: 30_000 });
    expect(await page(`http://${clusterIP}/`)).toContain('You are visitor');
    expect(await containerIds()).toEqual(before);
  });

  it('is deleted with nothing left behind', async () => {
    await cluster.kubectl.run(['delete', '-f', manifest]);
    await eventually(async () => {
      const left = await cluster.kubectl.run(['get', 'pods,replicasets,endpoints,endpointslices', '-l', 'app=guestbook', '-o', 'name']);
      if (left.trim() !== '') throw new Error(`still there: ${left}`);
      return true;
    }, { timeoutMs: 60_000 });
    await eventually(async () => {
      const left = [...(await cluster.containers()).values()];
      if (left.length > 0) throw new Error(`containers left: ${left.join(' ')}`);
      return true;
    }, { timeoutMs: 30_000 });
    expect(readFileSync('/proc/mounts', 'utf8')).not.toContain(join(cluster.dataDir, 'agent', 'pods'));
    const podsDirectory = join(cluster.dataDir, 'agent', 'pods');
    expect(existsSync(podsDirectory) ? readdirSync(podsDirectory) : []).toEqual([]);
    await expect(page('http://127.0.0.1:30080/')).rejects.toThrow();
  });

  it('goes down and leaves no container, network, mount, route or process', async () => {
    expect(await cluster.interrupt()).toBe(0);
    // Something is left in the pods' network, as where Docker has lost count of what is.
    const [network] = await cluster.docker<{ Name: string }[]>(`/networks?filters=${encodeURIComponent(JSON.stringify({ label: ['dev.bramble.agent'] }))}`);
    const stranger = JSON.stringify({ Image: 'guestbook-web:1', Entrypoint: ['/usr/bin/node', '-e', 'setInterval(() => {}, 60000)'], HostConfig: { NetworkMode: network!.Name } });
    await run('curl', ['-sf', '--unix-socket', cluster.dockerHost.replace('unix://', ''), '-H', 'content-type: application/json', '-d', stranger, 'http://docker/containers/create?name=stranger']);
    await cluster.engine('POST', '/containers/stranger/start');
    const result = await cluster.bramble('down');
    expect(result.code, result.output).toBe(0);
    const links = JSON.parse((await run('ip', ['-json', 'link'])).stdout) as { ifname: string }[];
    expect(links.map(({ ifname }) => ifname)).not.toContain('bramble-e2e');
    const routes = (await run('ip', ['route', 'show', 'table', 'all'])).stdout;
    expect(routes).not.toContain('198.19.0.0/20');
    expect(readFileSync('/proc/mounts', 'utf8')).not.toContain(cluster.dataDir);
    const processes = (await run('ps', ['-eo', 'args'])).stdout.split('\n').filter((line) => line.includes(cluster.dataDir));
    expect(processes.filter((line) => !line.includes('ps -eo'))).toEqual([]);
    expect((await cluster.bramble('down')).code).toBe(0);
  });
});
