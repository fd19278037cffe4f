/** Ready, seen by a watch → a connection to the Service reaches the pod through the proxy. */
import { connect } from 'node:net';
import type { Pod, Service } from 'kubernetes-types/core/v1';
import { eventually } from '../../machinery/testing/eventually.ts';
import type { Cluster } from '../framework/cluster.ts';
import { ApiClient } from './api-client.ts';
import { median, type Figure } from './figure.ts';

const rounds = 7;
const port = 8080;
const namespace = '/api/v1/namespaces/default';
/** Closes at once what it has accepted, with a byte: a connection that the proxy alone accepts has none. */
const program = `require("net").createServer((socket) => socket.end("x")).listen(${port})`;

export async function measureEndpoints(cluster: Cluster, image: string): Promise<Figure[]> {
  const client = new ApiClient(cluster.kubeconfig, 4);
  const delays: number[] = [];
  for (let round = 0; round < rounds; round++) delays.push(await measureOnce(client, image, `endpoint-${round}`));
  client.close();
  return [{ what: 'pod Ready → reached through its Service, median', value: median(delays), unit: 'ms' }];
}

async function measureOnce(client: ApiClient, image: string, name: string): Promise<number> {
  const service = JSON.parse((await client.call('POST', `${namespace}/services`, { metadata: { name }, spec: { selector: { app: name }, ports: [{ port }] } })).toString()) as Service;
  let ready: number | undefined;
  const stop = await client.watch(`${namespace}/pods?watch=true&fieldSelector=metadata.name%3D${name}`, ({ object }) => {
    if ((object as Pod).status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True')) ready ??= performance.now();
  });
  // The probe makes Ready mean that it listens.
  const container = { name: 'main', image, command: ['/usr/bin/node', '-e', program], readinessProbe: { tcpSocket: { port }, periodSeconds: 1 } };
  await client.call('POST', `${namespace}/pods`, { metadata: { name, labels: { app: name } }, spec: { terminationGracePeriodSeconds: 0, containers: [container] } });
  let reached = 0;
  await eventually(async () => {
    if (reached === 0 && await answers(service.spec!.clusterIP!)) reached = performance.now();
    return reached > 0 && ready !== undefined;
  }, { timeoutMs: 30_000, everyMs: 1 });
  stop();
  await client.call('DELETE', `${namespace}/pods/${name}`);
  await client.call('DELETE', `${namespace}/services/${name}`);
  return Math.max(0, reached - ready!);
}

function answers(host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: 500 });
    socket.on('data', () => resolve(true));
    socket.on('error', () => resolve(false));
    socket.on('close', () => resolve(false));
    socket.on('timeout', () => socket.destroy());
  });
}
