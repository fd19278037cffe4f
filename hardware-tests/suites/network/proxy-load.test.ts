/** The proxy under load and under blows: busy Services, killed pods, a killed proxy, many connections, many Services. */
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../../../machinery/testing/eventually.ts';
import { clientPod, makeService, NetworkRig, serverPod, tally, type Place } from './network-rig.ts';

const run = promisify(execFile);
let rig: NetworkRig;
let url: string;
const servers = ['server-0', 'server-1', 'server-2'];
const client: Place = { pod: 'client' };

interface Hammered {
  counts: Record<string, number>;
  /** Milliseconds of the slowest request. */
  slowest: number;
}

beforeAll(async () => {
  rig = await NetworkRig.start();
  await rig.apply(...servers.map((name) => serverPod(name)), clientPod('client'), makeService('net', { selector: { app: 'net' }, ports: [{ name: 'http', port: 80, targetPort: 8080 }, { name: 'talk', port: 80, protocol: 'UDP', targetPort: 8081 }] }));
  await rig.ready(...servers, 'client');
  url = `http://${await rig.clusterIP('net')}/`;
  await rig.answeredBy('machine', url, servers);
});

afterAll(() => rig.cluster.destroy());

const hammer = (target: string, seconds: number, concurrency: number): Promise<Hammered> => rig.client<Hammered>('machine', ['hammer', target, String(seconds), String(concurrency)]);
const errors = ({ counts }: Hammered): Record<string, number> => Object.fromEntries(Object.entries(counts).filter(([name]) => name.startsWith('error')));

async function tables(): Promise<string[]> {
  const { stdout } = await run('nft', ['list', 'tables']);
  return stdout.split('\n').filter((line) => line.includes('198-19-32-0'));
}

const carried = async (): Promise<boolean> => (await tables()).some((line) => line.includes('kernel'));

/** Loads the Service until the kernel carries it. */
async function makeBusy(): Promise<void> {
  await eventually(async () => {
    expect(errors(await hammer(url, 2, 64))).toEqual({});
    return carried();
  }, { timeoutMs: 60_000 });
}

function descriptors(): number {
  return readdirSync(`/proc/${rig.cluster.pid('proxy')}/fd`).length;
}

function residentMegabytes(): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${rig.cluster.pid('proxy')}/status`, 'utf8'))![1]) / 1024;
}

describe('a Service that keeps the proxy busy', () => {
  it('goes through the kernel, in turn and for every client', async () => {
    await makeBusy();
    expect(tally(await rig.http('machine', url, 9))).toEqual({ 'server-0': 3, 'server-1': 3, 'server-2': 3 });
    expect(Object.keys(tally(await rig.http(client, url, 9))).sort()).toEqual(servers);
    // A pod behind the Service too, itself among them.
    expect(Object.keys(tally(await rig.http({ pod: 'server-0' }, url, 9))).sort()).toEqual(servers);
    expect(await carried()).toBe(true);
  });

  it('comes back to the proxy when its endpoints change', async () => {
    await makeBusy();
    await rig.http('machine', `http://${await rig.podIP('server-1')}:8080/become-unready`);
    await rig.answeredBy(client, url, ['server-0', 'server-2']);
    expect(await carried()).toBe(false);
    await rig.http('machine', `http://${await rig.podIP('server-1')}:8080/become-ready`);
    await rig.answeredBy(client, url, servers);
  });

  it('loses no connection to a pod that dies', async () => {
    await rig.apply(serverPod('victim'));
    await rig.ready('victim');
    await rig.answeredBy('machine', url, [...servers, 'victim']);
    await makeBusy();
    const load = hammer(url, 4, 8);
    await rig.cluster.kubectl.run(['delete', 'pod', 'victim', '--wait=true']);
    const result = await load;
    // A connection that is being answered may be cut; a new one never meets the dead pod.
    expect(result.counts['error ECONNREFUSED'] ?? 0).toBe(0);
    expect(result.counts['error ETIMEDOUT'] ?? 0).toBe(0);
    expect(result.slowest).toBeLessThan(8_000);
  });
});

describe('the proxy', () => {
  it('killed under load is back soon, and new connections fail only in between', async () => {
    // It ends before the new proxy has known the Service for long enough to give it to the kernel (5 s).
    const load = hammer(url, 4, 4);
    await eventually(async () => (await rig.http('machine', url))[0]!.name !== undefined);
    const started = performance.now();
    await rig.cluster.kill('proxy');
    await eventually(async () => {
      const [answer] = await rig.http('machine', url);
      return answer!.name !== undefined;
    }, { timeoutMs: 15_000 });
    expect(performance.now() - started).toBeLessThan(10_000);
    const { counts } = await load;
    expect(Object.keys(counts).filter((name) => name.startsWith('error')).every((name) => /ECONNREFUSED|ECONNRESET|EPIPE/.test(name))).toBe(true);
    expect(tally(await rig.http('machine', url, 9))).toEqual({ 'server-0': 3, 'server-1': 3, 'server-2': 3 });
    // The rules of the one before are not left beside the new ones.
    expect((await tables()).filter((line) => !line.includes('kernel'))).toHaveLength(1);
    await eventually(async () => !(await carried()));
  });

  it('carries two thousand connections at once and lets go of every one', async () => {
    const before = descriptors();
    const address = await rig.clusterIP('net');
    const holding = rig.client<{ opened: number }>(client, ['hold', address, '80', '2000', '6']);
    await eventually(() => descriptors() >= before + 4_000, { timeoutMs: 15_000 });
    expect(await rig.http('machine', url)).toMatchObject([{ port: 8080 }]);
    expect(await holding).toEqual({ opened: 2000 });
    await eventually(() => descriptors() <= before + 20, { timeoutMs: 20_000 });
  });

  it('bounds the conversations of a flood of datagrams', async () => {
    const before = descriptors();
    const address = await rig.clusterIP('net');
    await rig.client(client, ['flood', address, '80', '4000']);
    expect(descriptors()).toBeLessThan(before + 2_200);
    expect(Object.keys(tally(await rig.udp(client, address, 80, 6))).sort()).toEqual(servers);
  });

  it('follows two hundred Services with five endpoints each', async () => {
    const endpoints = await Promise.all(servers.map((name) => rig.podIP(name)));
    const addresses = [...endpoints, '198.18.47.1', '198.18.47.2'];
    const memoryBefore = residentMegabytes();
    await rig.create(Array.from({ length: 200 }, (_, index) => [
      { apiVersion: 'v1', kind: 'Service', metadata: { name: `many-${index}`, namespace: 'default', labels: { many: 'yes' } }, spec: { ports: [{ port: 80 }] } },
      {
        apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', addressType: 'IPv4',
        metadata: { name: `many-${index}`, namespace: 'default', labels: { many: 'yes', 'kubernetes.io/service-name': `many-${index}` } },
        endpoints: addresses.map((address, turn) => ({ addresses: [address], conditions: { ready: turn < 3 } })), ports: [{ port: 8080, protocol: 'TCP' }],
      },
    ]).flat());
    const last = `http://${await rig.clusterIP('many-199')}/`;
    await rig.answeredBy('machine', last, servers);
    const started = performance.now();
    await rig.patch('endpointslice', 'many-199', { endpoints: [{ addresses: [endpoints[0]] }] });
    await rig.answeredBy('machine', last, ['server-0']);
    expect(performance.now() - started).toBeLessThan(10_000);
    expect(residentMegabytes() - memoryBefore).toBeLessThan(60);
    for (const path of ['/api/v1/namespaces/default/services', '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices']) {
      await rig.cluster.kubectl.run(['delete', '--raw', `${path}?labelSelector=many%3Dyes`]);
    }
    await rig.refused('machine', last);
  });
});

it('nothing of it is left when the cluster is gone', async () => {
  await rig.cluster.interrupt();
  // Who takes it down does not repeat how it was started: the node's name, the bridge, the ranges, Docker's address.
  await run(process.execPath, ['bin/bramble.js', 'down', '--data-dir', rig.cluster.dataDir]);
  expect(await tables()).toEqual([]);
  const { stdout: links } = await run('ip', ['-brief', 'link']);
  expect(links).not.toContain('bramble-p2');
  expect(readFileSync(join('/proc', 'net', 'fib_trie'), 'utf8')).not.toContain('198.19.32.0');
});
