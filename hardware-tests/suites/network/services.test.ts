/** What the clients of a Service see, from a pod, from a pod on the host's network and from the machine itself. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../../../machinery/testing/eventually.ts';
import { clientPod, makeService, NetworkRig, serverPod, tally, type Answer, type Place } from './network-rig.ts';

let rig: NetworkRig;
const servers = ['server-0', 'server-1', 'server-2'];
const client: Place = { pod: 'client' };
const hostClient: Place = { pod: 'host-client' };
const places: [string, Place][] = [['a pod', client], ['a pod on the host network', hostClient], ['the machine', 'machine']];

beforeAll(async () => {
  rig = await NetworkRig.start();
  await rig.apply(
    ...servers.map((name) => serverPod(name)),
    clientPod('client'),
    clientPod('host-client', { hostNetwork: true, dnsPolicy: 'ClusterFirstWithHostNet' }),
    makeService('net', { selector: { app: 'net' }, ports: [{ name: 'http', port: 80, targetPort: 'web' }, { name: 'more', port: 90, targetPort: 9090 }, { name: 'talk', port: 80, protocol: 'UDP', targetPort: 'talk' }] }),
  );
  await rig.ready(...servers, 'client', 'host-client');
  await rig.answeredBy('machine', `http://${await rig.clusterIP('net')}/`, servers);
});

afterAll(() => rig.cluster.destroy());

describe('ClusterIP', () => {
  it.each(places)('serves TCP in turn to %s', async (_, place) => {
    expect(tally(await rig.http(place, `http://${await rig.clusterIP('net')}/`, 9))).toEqual({ 'server-0': 3, 'server-1': 3, 'server-2': 3 });
  });

  it.each(places)('serves UDP in turn to %s, from the Service address', async (_, place) => {
    const address = await rig.clusterIP('net');
    const answers = await rig.udp(place, address, 80, 6);
    expect(tally(answers)).toEqual({ 'server-0': 2, 'server-1': 2, 'server-2': 2 });
    expect(new Set(answers.map(({ from }) => from))).toEqual(new Set([address]));
  });

  it('serves several ports, by number and by name', async () => {
    const [answer] = await rig.http(client, `http://${await rig.clusterIP('net')}:90/`);
    expect(answer).toMatchObject({ port: 9090 });
  });

  it('lets a pod reach itself through its Service', async () => {
    const answers = await rig.http({ pod: 'server-0' }, `http://${await rig.clusterIP('net')}/`, 6);
    expect(tally(answers)).toEqual({ 'server-0': 2, 'server-1': 2, 'server-2': 2 });
  });

  it('refuses ports that the Service does not have, TCP and UDP', async () => {
    const address = await rig.clusterIP('net');
    for (const [, place] of places) {
      expect(await rig.http(place, `http://${address}:81/`)).toEqual([{ error: 'ECONNREFUSED' }]);
      expect(await rig.udp(place, address, 81)).toEqual([{ error: 'ECONNREFUSED' }]);
    }
  });

  it('leaves unready pods out at once and takes them back', async () => {
    const url = `http://${await rig.clusterIP('net')}/`;
    const ip = await rig.podIP('server-1');
    await rig.http('machine', `http://${ip}:8080/become-unready`);
    await rig.answeredBy(client, url, ['server-0', 'server-2']);
    await rig.http('machine', `http://${ip}:8080/become-ready`);
    await rig.answeredBy(client, url, servers);
  });

  it('sends nothing new to a pod that is ending, though it still answers', async () => {
    await rig.apply(serverPod('leaver', { labels: { app: 'leaver' }, env: { SERVER_LINGER_MS: '20000' }, spec: { terminationGracePeriodSeconds: 30 } }), serverPod('stayer', { labels: { app: 'leaver' } }), makeService('leaver', { selector: { app: 'leaver' }, ports: [{ port: 80, targetPort: 8080 }] }));
    await rig.ready('leaver', 'stayer');
    const url = `http://${await rig.clusterIP('leaver')}/`;
    await rig.answeredBy('machine', url, ['leaver', 'stayer']);
    const ip = await rig.podIP('leaver');
    await rig.cluster.kubectl.run(['delete', 'pod', 'leaver', '--wait=false']);
    await rig.answeredBy('machine', url, ['stayer']);
    expect(await rig.http('machine', `http://${ip}:8080/`)).toMatchObject([{ name: 'leaver' }]);
    // Where it is the last one, it is better than none.
    await rig.remove('pod', 'stayer');
    await rig.answeredBy('machine', url, ['leaver']);
    await rig.cluster.kubectl.run(['delete', 'pod', 'leaver', '--force', '--grace-period=0']);
    await rig.refused('machine', url);
    await rig.remove('service', 'leaver');
  });

  it('sends to unready pods where the Service asks for it', async () => {
    await rig.apply(serverPod('early', { labels: { app: 'early' }, env: { SERVER_READY: 'no' } }), makeService('early', { selector: { app: 'early' }, publishNotReadyAddresses: true, ports: [{ port: 80, targetPort: 8080 }] }));
    await rig.answeredBy(client, `http://${await rig.clusterIP('early')}/`, ['early']);
    await rig.patch('service', 'early', { spec: { publishNotReadyAddresses: false } });
    await rig.refused(client, `http://${await rig.clusterIP('early')}/`);
    await rig.remove('service', 'early');
    await rig.remove('pod', 'early');
  });
});

describe('changes of a Service', () => {
  it('take effect: ports, selector, type; deletion refuses', async () => {
    await rig.apply(makeService('changing', { selector: { app: 'net' }, ports: [{ port: 80, targetPort: 8080 }] }));
    const address = await rig.clusterIP('changing');
    await rig.answeredBy(client, `http://${address}/`, servers);

    await rig.patch('service', 'changing', { spec: { ports: [{ port: 8000, targetPort: 9090 }] } });
    await rig.answeredBy(client, `http://${address}:8000/`, servers);
    await rig.refused(client, `http://${address}/`);

    await rig.patch('service', 'changing', { spec: { selector: { app: 'nobody' } } });
    await rig.refused(client, `http://${address}:8000/`);
    await rig.patch('service', 'changing', { spec: { selector: { app: 'net' } } });
    await rig.answeredBy(client, `http://${address}:8000/`, servers);

    await rig.patch('service', 'changing', { spec: { type: 'NodePort', ports: [{ port: 8000, targetPort: 9090, nodePort: 30201 }] } });
    await rig.answeredBy('machine', 'http://127.0.0.1:30201/', servers);
    await rig.patch('service', 'changing', { spec: { type: 'ClusterIP', ports: [{ port: 8000, targetPort: 9090, nodePort: null }] } });
    await rig.refused('machine', 'http://127.0.0.1:30201/');
    await rig.answeredBy(client, `http://${address}:8000/`, servers);

    await rig.remove('service', 'changing');
    await rig.refused(client, `http://${address}:8000/`);
  });

  it('turn an ExternalName into a ClusterIP and back', async () => {
    await rig.apply(makeService('turning', { type: 'ExternalName', externalName: 'www.example.test' }));
    expect((await rig.service('turning')).spec!.clusterIP ?? '').toBe('');
    await rig.patch('service', 'turning', { spec: { type: 'ClusterIP', externalName: null, selector: { app: 'net' }, ports: [{ port: 80, targetPort: 8080 }] } });
    await rig.answeredBy(client, `http://${await rig.clusterIP('turning')}/`, servers);
    const address = await rig.clusterIP('turning');
    await rig.patch('service', 'turning', { spec: { type: 'ExternalName', externalName: 'www.example.test', clusterIP: null, clusterIPs: null } });
    await rig.refused(client, `http://${address}/`);
    await rig.remove('service', 'turning');
  });
});

describe('NodePort', () => {
  beforeAll(() => rig.apply(makeService('node-port', { type: 'NodePort', selector: { app: 'net' }, ports: [{ name: 'web', port: 80, targetPort: 'web', nodePort: 30202 }, { name: 'talk', port: 80, protocol: 'UDP', targetPort: 'talk', nodePort: 30202 }] })));
  afterAll(() => rig.remove('service', 'node-port'));

  it.each(places)('serves TCP and UDP on the address of the board to %s', async (_, place) => {
    const address = await rig.nodeAddress();
    await rig.answeredBy(place, `http://${address}:30202/`, servers);
    expect(tally(await rig.udp(place, address, 30202, 6))).toEqual({ 'server-0': 2, 'server-1': 2, 'server-2': 2 });
  });

  it('serves loopback and the ClusterIP too', async () => {
    await rig.answeredBy('machine', 'http://127.0.0.1:30202/', servers);
    expect(Object.keys(tally(await rig.udp('machine', '127.0.0.1', 30202, 6))).sort()).toEqual(servers);
    await rig.answeredBy(client, `http://${await rig.clusterIP('node-port')}/`, servers);
    await rig.answeredBy(client, 'http://node-port/', servers);
  });

  it('does not answer on the addresses of other Services', async () => {
    expect(await rig.http(client, `http://${await rig.clusterIP('net')}:30202/`)).toEqual([{ error: 'ECONNREFUSED' }]);
  });
});

describe('session affinity', () => {
  const names = (answers: Answer[]) => Object.keys(tally(answers));

  it('keeps a client on one pod, by ClusterIP and by NodePort, until it is switched off', async () => {
    await rig.apply(makeService('sticky', { type: 'NodePort', sessionAffinity: 'ClientIP', selector: { app: 'net' }, ports: [{ port: 80, targetPort: 8080, nodePort: 30203 }, { name: 'talk', port: 80, protocol: 'UDP', targetPort: 8081 }].map((port, index) => ({ name: `p${index}`, ...port })) }));
    const urls = [`http://${await rig.clusterIP('sticky')}/`, `http://${await rig.nodeAddress()}:30203/`];
    for (const url of urls) {
      await eventually(async () => (await rig.http(client, url))[0]!.name !== undefined);
      expect(names(await rig.http(client, url, 9))).toHaveLength(1);
    }
    expect(names(await rig.udp(client, await rig.clusterIP('sticky'), 80, 6))).toHaveLength(1);
    await rig.patch('service', 'sticky', { spec: { sessionAffinity: 'None' } });
    for (const url of urls) await rig.answeredBy(client, url, servers);
    await rig.patch('service', 'sticky', { spec: { sessionAffinity: 'ClientIP' } });
    for (const url of urls) await eventually(async () => names(await rig.http(client, url, 9)).length === 1);
    await rig.remove('service', 'sticky');
  });

  it('forgets a client after its time', async () => {
    await rig.apply(makeService('short', { sessionAffinity: 'ClientIP', sessionAffinityConfig: { clientIP: { timeoutSeconds: 2 } }, selector: { app: 'net' }, ports: [{ port: 80, targetPort: 8080 }] }));
    const url = `http://${await rig.clusterIP('short')}/`;
    await eventually(async () => (await rig.http(client, url))[0]!.name !== undefined);
    const seen = new Set<string>();
    await eventually(async () => {
      const found = names(await rig.http(client, url, 3));
      expect(found).toHaveLength(1);
      seen.add(found[0]!);
      return seen.size > 1;
    }, { timeoutMs: 20_000, everyMs: 2_500 });
    await rig.remove('service', 'short');
  });
});

describe('Services without a selector', () => {
  it('send to the addresses of a manual EndpointSlice', async () => {
    await rig.apply(makeService('manual', { ports: [{ name: 'web', port: 80 }] }), {
      apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', addressType: 'IPv4',
      metadata: { name: 'manual-1', namespace: 'default', labels: { 'kubernetes.io/service-name': 'manual' } },
      endpoints: [{ addresses: [await rig.podIP('server-0')] }], ports: [{ name: 'web', port: 8080, protocol: 'TCP' }],
    });
    await rig.answeredBy(client, `http://${await rig.clusterIP('manual')}/`, ['server-0']);
    await rig.remove('endpointslice', 'manual-1');
    await rig.refused(client, `http://${await rig.clusterIP('manual')}/`);
    await rig.remove('service', 'manual');
  });

  it('send to the addresses of manual Endpoints, and follow them', async () => {
    const endpoints = (ip: string): object => ({ apiVersion: 'v1', kind: 'Endpoints', metadata: { name: 'by-hand', namespace: 'default' }, subsets: [{ addresses: [{ ip }], ports: [{ port: 8080 }] }] });
    await rig.apply(makeService('by-hand', { ports: [{ port: 80 }] }), endpoints(await rig.podIP('server-0')));
    const url = `http://${await rig.clusterIP('by-hand')}/`;
    await rig.answeredBy(client, url, ['server-0']);
    await rig.apply(endpoints(await rig.podIP('server-1')));
    await rig.answeredBy(client, url, ['server-1']);
    await rig.remove('endpoints', 'by-hand');
    await rig.refused(client, url);
    await rig.remove('service', 'by-hand');
  });
});
