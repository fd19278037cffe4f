/**
 * created → Ready, seen by a watch, against Docker starting the same two containers on a network of the same kind. (On the
 * network that Docker itself makes a container starts some 50 ms sooner: it has no name server of Docker's there.)
 */
import { request } from 'node:http';
import type { Pod } from 'kubernetes-types/core/v1';
import { eventually } from '../../machinery/testing/eventually.ts';
import type { Cluster } from '../framework/cluster.ts';
import { ApiClient } from './api-client.ts';
import { median, percentile, type Figure } from './figure.ts';

const rounds = 20;
const peerSubnet = '198.18.80.0/24';
const command = ['/usr/bin/node', '-e', 'setInterval(() => {}, 1000); process.on("SIGTERM", () => process.exit(0))'];

export async function measurePodStart(cluster: Cluster, image: string): Promise<Figure[]> {
  const client = new ApiClient(cluster.kubeconfig, 4);
  const ours: number[] = [];
  const dockers: number[] = [];
  const network = await docker<{ Id: string }>(cluster, 'POST', '/networks/create', { Name: 'bench-peer', Driver: 'bridge', IPAM: { Config: [{ Subnet: peerSubnet }] } });
  // In turn, so that a noisy machine is noisy for both.
  try {
    for (let round = 0; round < rounds; round++) {
      dockers.push(await dockerRun(cluster, image, round));
      ours.push(await podRun(client, image, round));
    }
  } finally {
    client.close();
    await docker(cluster, 'DELETE', `/networks/${network.Id}`);
  }
  const peer = { name: 'docker run x2', value: median(dockers) };
  return [
    { what: 'pod start, created → Ready, median of 20', value: median(ours), unit: 'ms', peer, budget: { bound: 'at most', value: peer.value + 100 } },
    { what: 'pod start, created → Ready, p99 of 20', value: percentile(ours, 0.99), unit: 'ms', peer: { name: 'docker run x2', value: percentile(dockers, 0.99) } },
  ];
}

async function podRun(client: ApiClient, image: string, round: number): Promise<number> {
  const name = `start-${round}`;
  const path = '/api/v1/namespaces/default/pods';
  const { metadata } = JSON.parse((await client.call('GET', `${path}?limit=1`)).toString()) as { metadata: { resourceVersion: string } };
  let ready: number | undefined;
  const stop = await client.watch(`${path}?watch=true&resourceVersion=${metadata.resourceVersion}&fieldSelector=metadata.name%3D${name}`, ({ object }) => {
    if ((object as Pod).status?.conditions?.some((condition) => condition.type === 'Ready' && condition.status === 'True')) ready ??= performance.now();
  });
  const started = performance.now();
  await client.call('POST', path, { metadata: { name }, spec: { terminationGracePeriodSeconds: 0, containers: [{ name: 'main', image, command }] } });
  await eventually(() => ready !== undefined, { timeoutMs: 30_000, everyMs: 1 });
  stop();
  await client.call('DELETE', `${path}/${name}`);
  await eventually(() => client.call('GET', `${path}/${name}`).then(() => false, () => true), { timeoutMs: 30_000, everyMs: 20 });
  return ready! - started;
}

/** What `docker run` does for the sandbox, and for the container that joins it. */
async function dockerRun(cluster: Cluster, image: string, round: number): Promise<number> {
  const images = await docker<{ RepoTags: string[] | null }[]>(cluster, 'GET', '/images/json');
  const pause = images.flatMap(({ RepoTags }) => RepoTags ?? []).find((tag) => tag.startsWith('bramble/pause'));
  const started = performance.now();
  const made: string[] = [];
  const run = async (name: string, body: object): Promise<string> => {
    const { Id } = await docker<{ Id: string }>(cluster, 'POST', `/containers/create?name=${name}-${round}`, body);
    made.unshift(Id);
    await docker(cluster, 'POST', `/containers/${Id}/start`);
    return Id;
  };
  try {
    const sandbox = await run('bench-peer-sandbox', { Image: pause, HostConfig: { NetworkMode: 'bench-peer', IpcMode: 'shareable' } });
    await run('bench-peer-main', { Image: image, Entrypoint: command, HostConfig: { NetworkMode: `container:${sandbox}`, IpcMode: `container:${sandbox}` } });
    return performance.now() - started;
  } finally {
    for (const id of made) await docker(cluster, 'DELETE', `/containers/${id}?force=true`);
  }
}

function docker<T>(cluster: Cluster, method: string, path: string, body?: object): Promise<T> {
  return new Promise((resolve, reject) => {
    const call = request({ socketPath: cluster.dockerHost.replace(/^unix:\/\//, ''), method, path, headers: { 'content-type': 'application/json' } }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => { text += chunk; });
      response.on('end', () => ((response.statusCode ?? 500) < 300 ? resolve((text === '' ? undefined : JSON.parse(text)) as T) : reject(new Error(`${method} ${path}: ${response.statusCode} ${text}`))));
    });
    call.on('error', reject);
    call.end(body === undefined ? undefined : JSON.stringify(body));
  });
}
