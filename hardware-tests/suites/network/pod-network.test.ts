/** Pods and the machine talk to each other by address: source addresses, host network, host ports, programs of the machine. */
import { createSocket, type Socket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { eventually } from '../../../machinery/testing/eventually.ts';
import { clientPod, makeService, NetworkRig, serverPod, type Place } from './network-rig.ts';

let rig: NetworkRig;
const client: Place = { pod: 'client' };
const hostClient: Place = { pod: 'host-client' };

beforeAll(async () => {
  rig = await NetworkRig.start();
  await rig.apply(
    serverPod('server-0'), clientPod('client'), clientPod('host-client', { hostNetwork: true, dnsPolicy: 'ClusterFirstWithHostNet' }),
    serverPod('host-server', { labels: { app: 'host' }, env: { SERVER_PORTS: '30215', SERVER_UDP_PORT: '30215' }, ports: [{ name: 'web', containerPort: 30215, hostPort: 30215 }], spec: { hostNetwork: true } }),
  );
  await rig.ready('server-0', 'client', 'host-client', 'host-server');
});

afterAll(() => rig.cluster.destroy());

describe('pods', () => {
  it('reach each other by address and see who asks', async () => {
    const [server, asking] = [await rig.podIP('server-0'), await rig.podIP('client')];
    expect(await rig.http(client, `http://${server}:8080/`)).toMatchObject([{ name: 'server-0', client: asking }]);
    expect(await rig.udp(client, server, 8081)).toMatchObject([{ name: 'server-0', client: asking, from: server }]);
    expect(await rig.http({ pod: 'server-0' }, `http://${server}:8080/`)).toMatchObject([{ name: 'server-0', client: server }]);
  });

  it('are reached from the machine and from the host network', async () => {
    const server = await rig.podIP('server-0');
    for (const place of ['machine', hostClient] as const) {
      expect(await rig.http(place, `http://${server}:8080/`)).toMatchObject([{ name: 'server-0' }]);
      expect(await rig.udp(place, server, 8081)).toMatchObject([{ name: 'server-0', from: server }]);
    }
  });

  it('get no answer for ever from an address that no pod has', async () => {
    const [answer] = await rig.http(client, 'http://198.18.47.250:8080/');
    expect(answer).toHaveProperty('error');
  });

  it('on the host network have the address of the machine and serve there', async () => {
    const address = await rig.nodeAddress();
    const pod = await rig.pod('host-server');
    expect(pod.status).toMatchObject({ podIP: address, hostIP: address });
    for (const place of [client, hostClient, 'machine'] as const) expect(await rig.http(place, `http://${address}:30215/`)).toMatchObject([{ name: 'host-server' }]);
    expect(await rig.http(client, `http://${address}:30215/`)).toMatchObject([{ client: await rig.podIP('client') }]);
    expect(await rig.udp('machine', address, 30215)).toMatchObject([{ name: 'host-server' }]);
  });

  it('on the host network stand behind a Service', async () => {
    await rig.apply(makeService('host', { selector: { app: 'host' }, ports: [{ port: 80, targetPort: 'web' }] }));
    for (const place of [client, hostClient, 'machine'] as const) await rig.answeredBy(place, `http://${await rig.clusterIP('host')}/`, ['host-server']);
    await rig.remove('service', 'host');
  });
});

describe('host ports', () => {
  beforeAll(async () => {
    await rig.apply(
      serverPod('everywhere', { labels: { app: 'host-port' }, ports: [{ name: 'web', containerPort: 8080, hostPort: 30210 }, { containerPort: 8081, hostPort: 30210, protocol: 'UDP' }] }),
      serverPod('loopback', { labels: { app: 'host-port' }, ports: [{ name: 'web', containerPort: 8080, hostPort: 30211, hostIP: '127.0.0.1' }] }),
    );
    await rig.ready('everywhere', 'loopback');
  });
  afterAll(() => rig.remove('pod', 'everywhere', 'loopback'));

  it('lead from every address of the machine to the pod', async () => {
    const address = await rig.nodeAddress();
    for (const place of [client, hostClient, 'machine'] as const) expect(await rig.http(place, `http://${address}:30210/`), JSON.stringify(place)).toMatchObject([{ name: 'everywhere' }]);
    expect(await rig.http('machine', 'http://127.0.0.1:30210/')).toMatchObject([{ name: 'everywhere' }]);
    expect(await rig.udp('machine', address, 30210)).toMatchObject([{ name: 'everywhere' }]);
  });

  it('with an address serve there only', async () => {
    expect(await rig.http('machine', 'http://127.0.0.1:30211/')).toMatchObject([{ name: 'loopback' }]);
    expect(await rig.http('machine', `http://${await rig.nodeAddress()}:30211/`)).toEqual([{ error: 'ECONNREFUSED' }]);
  });

  it('of one address can be had by two pods on different addresses, the same one by one pod', async () => {
    await rig.apply(serverPod('second', { labels: { app: 'host-port' }, ports: [{ name: 'web', containerPort: 8080, hostPort: 30211, hostIP: '127.0.0.2' }] }), serverPod('third', { labels: { app: 'host-port' }, ports: [{ name: 'web', containerPort: 8080, hostPort: 30211, hostIP: '127.0.0.1' }] }));
    await rig.ready('second');
    expect(await rig.http('machine', 'http://127.0.0.2:30211/')).toMatchObject([{ name: 'second' }]);
    await eventually(async () => {
      const condition = (await rig.pod('third')).status?.conditions?.find(({ type }) => type === 'PodScheduled');
      expect(condition).toMatchObject({ status: 'False', reason: 'Unschedulable' });
      expect(condition!.message).toContain("didn't have free ports");
      return true;
    });
    await rig.remove('pod', 'second', 'third');
  });
});

describe('programs of the machine', () => {
  let tcp: Server;
  let udp: Socket;
  beforeAll(async () => {
    tcp = createServer((socket) => {
      socket.on('error', () => socket.destroy());
      socket.on('data', () => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 18\r\nconnection: close\r\n\r\n{"name":"machine"}'));
    });
    await new Promise<void>((resolve) => tcp.listen(30220, '0.0.0.0', resolve));
    udp = createSocket('udp4');
    udp.on('message', (_, from) => udp.send('{"name":"machine"}', from.port, from.address));
    await new Promise<void>((resolve) => udp.bind(30220, '0.0.0.0', resolve));
  });
  afterAll(async () => {
    await new Promise((resolve) => tcp.close(resolve));
    await new Promise<void>((resolve) => udp.close(() => resolve()));
  });

  it('are reached by pods on the addresses of the machine', async () => {
    expect(await rig.http(client, `http://${await rig.nodeAddress()}:30220/`)).toMatchObject([{ name: 'machine' }]);
  });

  it('that listen on every address leave a Service its port, and do not answer on Service addresses', async () => {
    await rig.apply(
      makeService('same-port', { selector: { app: 'net' }, ports: [{ name: 'web', port: 30220, targetPort: 8080 }, { name: 'talk', port: 30220, protocol: 'UDP', targetPort: 8081 }] }),
      makeService('other-port', { selector: { app: 'net' }, ports: [{ port: 80, targetPort: 8080 }] }),
    );
    const address = await rig.clusterIP('same-port');
    for (const place of [client, hostClient, 'machine'] as const) {
      await rig.answeredBy(place, `http://${address}:30220/`, ['server-0']);
      expect(await rig.udp(place, address, 30220)).toMatchObject([{ name: 'server-0', from: address }]);
      expect(await rig.http(place, `http://${await rig.clusterIP('other-port')}:30220/`)).toEqual([{ error: 'ECONNREFUSED' }]);
      expect(await rig.http(place, 'http://198.19.47.250:30220/')).toEqual([{ error: 'ECONNREFUSED' }]);
    }
    await rig.remove('service', 'same-port', 'other-port');
  });
});

describe('the environment of a pod', () => {
  const variables = async (pod: string): Promise<Record<string, string>> => JSON.parse((await rig.exec(pod, ['/usr/bin/node', '-p', 'JSON.stringify(process.env)'])).stdout) as Record<string, string>;

  it('names the Services of its namespace and the API, in the form of Kubernetes and of Docker links', async () => {
    await rig.apply(makeService('my-shop', { selector: { app: 'net' }, ports: [{ name: 'web', port: 80, targetPort: 8080 }, { name: 'talk', port: 53, protocol: 'UDP', targetPort: 8081 }] }));
    const [address, api] = [await rig.clusterIP('my-shop'), await rig.clusterIP('kubernetes')];
    await rig.apply(clientPod('linked'), clientPod('unlinked', { enableServiceLinks: false }));
    await rig.ready('linked', 'unlinked');
    expect(await variables('linked')).toMatchObject({
      MY_SHOP_SERVICE_HOST: address, MY_SHOP_SERVICE_PORT: '80', MY_SHOP_SERVICE_PORT_WEB: '80', MY_SHOP_SERVICE_PORT_TALK: '53',
      MY_SHOP_PORT: `tcp://${address}:80`, MY_SHOP_PORT_80_TCP: `tcp://${address}:80`, MY_SHOP_PORT_80_TCP_PROTO: 'tcp', MY_SHOP_PORT_80_TCP_PORT: '80', MY_SHOP_PORT_80_TCP_ADDR: address,
      MY_SHOP_PORT_53_UDP: `udp://${address}:53`,
      KUBERNETES_SERVICE_HOST: api, KUBERNETES_SERVICE_PORT: '443', KUBERNETES_SERVICE_PORT_HTTPS: '443', KUBERNETES_PORT_443_TCP: `tcp://${api}:443`,
    });
    const without = await variables('unlinked');
    expect(without).toMatchObject({ KUBERNETES_SERVICE_HOST: api });
    expect(Object.keys(without).filter((name) => name.startsWith('MY_SHOP'))).toEqual([]);
  });
});

describe('the API', () => {
  it('is reached from a pod by its name, with a certificate of the cluster', async () => {
    const config = parse(readFileSync(rig.cluster.kubeconfig, 'utf8')) as { clusters: { cluster: { 'certificate-authority-data': string } }[] };
    const ca = config.clusters[0]!.cluster['certificate-authority-data'];
    const script = `
      const https = require('node:https');
      const ca = Buffer.from('${ca}', 'base64');
      const ask = (host) => new Promise((resolve, reject) => https.get({ host, path: '/version', ca }, (response) => { resolve(response.statusCode + ' ' + response.socket.authorized); response.resume(); }).on('error', reject));
      (async () => { for (const host of ['kubernetes', 'kubernetes.default', 'kubernetes.default.svc', 'kubernetes.default.svc.cluster.local', process.env.KUBERNETES_SERVICE_HOST]) console.log(await ask(host)); })();`;
    const result = await rig.exec('client', ['/usr/bin/node', '-e', script]);
    expect(result).toMatchObject({ code: 0, stderr: '' });
    expect(new Set(result.stdout.trim().split('\n').map((line) => line.split(' ')[1]))).toEqual(new Set(['true']));
    expect(result.stdout).toMatch(/^(200|401|403) true\n/);
  });
});
