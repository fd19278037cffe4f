/** Names of Services as pods resolve them: through their resolv.conf, with the system's resolver and with plain DNS queries. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../../../machinery/testing/eventually.ts';
import { busyboxPod, clientPod, makeService, NetworkRig, serverPod, type Place } from './network-rig.ts';

let rig: NetworkRig;
const client: Place = { pod: 'client' };
const domain = 'cluster.local';

beforeAll(async () => {
  rig = await NetworkRig.start();
  await rig.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'other' } });
  await rig.addPrograms('other');
  await rig.apply(
    serverPod('server-0', { spec: { hostname: 'zero', subdomain: 'headless' } }),
    serverPod('server-1', { spec: { hostname: 'one', subdomain: 'headless' } }),
    serverPod('plain', { labels: { app: 'plain' } }),
    clientPod('client'), clientPod('client', {}, 'other'), busyboxPod('shell'),
    clientPod('host-client', { hostNetwork: true, dnsPolicy: 'ClusterFirstWithHostNet' }),
    clientPod('default-client', { dnsPolicy: 'Default' }),
    clientPod('none-client', { dnsPolicy: 'None', dnsConfig: { nameservers: ['203.0.113.53'], searches: ['a.test', 'b.test'], options: [{ name: 'ndots', value: '2' }, { name: 'edns0' }] } }),
    makeService('net', { selector: { app: 'net' }, ports: [{ name: 'http', port: 80, targetPort: 8080 }, { name: 'talk', port: 81, protocol: 'UDP', targetPort: 8081 }] }),
    makeService('headless', { clusterIP: 'None', selector: { app: 'net' }, ports: [{ name: 'http', port: 80, targetPort: 8080 }] }),
    makeService('bare', { clusterIP: 'None', selector: { app: 'plain' } }),
    makeService('outside', { type: 'ExternalName', externalName: 'inside.default.svc.cluster.local' }),
  );
  await rig.ready('server-0', 'server-1', 'plain', 'client', 'shell', 'host-client', 'default-client', 'none-client');
  await rig.cluster.kubectl.run(['wait', '--for=condition=Ready', 'pod/client', '-n', 'other', '--timeout=60s']);
  await eventually(async () => (await lookup(client, 'headless') as string[]).length === 2);
});

afterAll(() => rig.cluster.destroy());

const lookup = (from: Place, name: string) => rig.client<unknown>(from, ['lookup', name]);
const dns = (type: string, name: string, from: Place = client) => rig.client<unknown>(from, ['dns', type, name]);
const nslookup = (...args: string[]) => rig.exec('shell', ['/usr/bin/busybox', 'nslookup', ...args]);

describe('the resolver of a pod', () => {
  it('is the cluster, with the search path of the namespace', async () => {
    const { stdout } = await rig.exec('shell', ['/usr/bin/busybox', 'cat', '/etc/resolv.conf']);
    const address = (await rig.clusterIP('kubernetes')).replace(/\.1$/, '.10');
    expect(stdout).toMatch(new RegExp(`^search default.svc.${domain} svc.${domain} ${domain}( .*)?\nnameserver ${address}\noptions ndots:5\n$`));
  });

  it('finds Services by every form of their name', async () => {
    const address = [await rig.clusterIP('net')];
    for (const name of ['net', 'net.default', 'net.default.svc', `net.default.svc.${domain}`, `net.default.svc.${domain}.`, 'NET.Default']) {
      expect(await lookup(client, name), name).toEqual(address);
    }
    expect(await lookup({ pod: 'client', namespace: 'other' }, 'net.default')).toEqual(address);
    expect(await lookup({ pod: 'client', namespace: 'other' }, 'net')).toHaveProperty('error');
    expect(await lookup({ pod: 'host-client' }, 'net')).toEqual(address);
    expect(await lookup(client, 'kubernetes.default')).toEqual([await rig.clusterIP('kubernetes')]);
  });

  it('serves nslookup', async () => {
    const result = await nslookup(`net.default.svc.${domain}`);
    expect(result.code, result.stdout + result.stderr).toBe(0);
    expect(result.stdout).toContain(await rig.clusterIP('net'));
    expect((await nslookup(`nothing.default.svc.${domain}`)).stdout).toContain('NXDOMAIN');
  });

  it('is that of the machine with the policy Default, and what the pod says with None', async () => {
    const machine = (await rig.exec('default-client', ['/usr/bin/node', '-p', 'fs.readFileSync("/etc/resolv.conf","utf8")'])).stdout;
    expect(machine).not.toContain('svc.cluster.local');
    const own = (await rig.exec('none-client', ['/usr/bin/node', '-p', 'fs.readFileSync("/etc/resolv.conf","utf8")'])).stdout;
    expect(own.trim()).toBe('search a.test b.test\nnameserver 203.0.113.53\noptions ndots:2 edns0');
  });

  it('passes names outside the cluster on to the resolver of the machine', async () => {
    expect(await dns('A', 'no-such-name.invalid')).toEqual(await dns('A', 'no-such-name.invalid', 'machine'));
  });
});

describe('records', () => {
  it('SRV of named ports', async () => {
    expect(await dns('SRV', `_http._tcp.net.default.svc.${domain}`)).toEqual([{ name: `net.default.svc.${domain}`, port: 80, priority: 0, weight: 100 }]);
    expect(await dns('SRV', `_talk._udp.net.default.svc.${domain}`)).toEqual([{ name: `net.default.svc.${domain}`, port: 81, priority: 0, weight: 100 }]);
    expect(await dns('SRV', `_nothing._tcp.net.default.svc.${domain}`)).toEqual({ error: 'ENOTFOUND' });
    const headless = await dns('SRV', `_http._tcp.headless.default.svc.${domain}`) as { name: string; port: number }[];
    expect(headless.map(({ name, port }) => `${name}:${port}`).sort()).toEqual([`one.headless.default.svc.${domain}:8080`, `zero.headless.default.svc.${domain}:8080`]);
  });

  it('A of a headless Service and of each of its pods, by host name and subdomain', async () => {
    const [zero, one] = [await rig.podIP('server-0'), await rig.podIP('server-1')];
    expect((await lookup(client, 'headless') as string[]).sort()).toEqual([zero, one].sort());
    expect(await lookup(client, 'zero.headless')).toEqual([zero]);
    expect(await lookup(client, `one.headless.default.svc.${domain}`)).toEqual([one]);
    expect(await lookup(client, 'bare')).toEqual([await rig.podIP('plain')]);
    const { stdout } = await rig.exec('server-0', ['/usr/bin/node', '-p', 'os.hostname()+"\\n"+fs.readFileSync("/etc/hosts","utf8")']);
    expect(stdout).toMatch(/^zero\n/);
    expect(stdout).toContain(`${zero}\tzero.headless.default.svc.${domain}\tzero`);
    expect(await lookup({ pod: 'server-0' }, 'zero')).toEqual([zero]);
  });

  it('A of a pod by its address', async () => {
    const ip = await rig.podIP('plain');
    expect(await dns('A', `${ip.replaceAll('.', '-')}.default.pod.${domain}`)).toEqual([ip]);
    expect(await dns('A', `300-1-1-1.default.pod.${domain}`)).toEqual({ error: 'ENOTFOUND' });
  });

  it('PTR of Services and of the pods behind headless ones', async () => {
    const reverse = (ip: string): string => `${ip.split('.').reverse().join('.')}.in-addr.arpa`;
    expect(await dns('PTR', reverse(await rig.clusterIP('net')))).toEqual([`net.default.svc.${domain}`]);
    expect(await dns('PTR', reverse(await rig.podIP('server-0')))).toEqual([`zero.headless.default.svc.${domain}`]);
    expect(await dns('PTR', reverse(await rig.podIP('plain')))).toEqual([`${(await rig.podIP('plain')).replaceAll('.', '-')}.bare.default.svc.${domain}`]);
    expect(await dns('PTR', reverse(await rig.podIP('client')))).toEqual({ error: 'ENOTFOUND' });
  });

  it('an existing name without such a record is no error of the name', async () => {
    expect(await dns('AAAA', `net.default.svc.${domain}`)).toEqual({ error: 'ENODATA' });
    expect(await dns('MX', `net.default.svc.${domain}`)).toEqual({ error: 'ENODATA' });
    expect(await dns('A', `default.svc.${domain}`)).toEqual({ error: 'ENODATA' });
    expect(await dns('A', `nothing.default.svc.${domain}`)).toEqual({ error: 'ENOTFOUND' });
  });

  it('an ExternalName is an alias, followed when it changes, and a ClusterIP when it becomes one', async () => {
    expect(await dns('CNAME', `outside.default.svc.${domain}`)).toEqual([`inside.default.svc.${domain}`]);
    await rig.patch('service', 'outside', { spec: { externalName: `net.default.svc.${domain}` } });
    await eventually(async () => expect(await lookup(client, 'outside')).toEqual([await rig.clusterIP('net')]));
    await rig.patch('service', 'outside', { spec: { type: 'ClusterIP', externalName: null, selector: { app: 'net' }, ports: [{ port: 80 }] } });
    await eventually(async () => expect(await lookup(client, 'outside')).toEqual([await rig.clusterIP('outside')]));
    expect(await dns('CNAME', `outside.default.svc.${domain}`)).toEqual({ error: 'ENODATA' });
  });

  it('follow the readiness of pods, unless the Service publishes unready ones', async () => {
    const [zero, one] = [await rig.podIP('server-0'), await rig.podIP('server-1')];
    await rig.http('machine', `http://${one}:8080/become-unready`);
    await eventually(async () => expect(await lookup(client, 'headless')).toEqual([zero]));
    await rig.patch('service', 'headless', { spec: { publishNotReadyAddresses: true } });
    await eventually(async () => expect((await lookup(client, 'headless') as string[]).sort()).toEqual([zero, one].sort()));
    await rig.patch('service', 'headless', { spec: { publishNotReadyAddresses: false } });
    await rig.http('machine', `http://${one}:8080/become-ready`);
    await eventually(async () => expect(await lookup(client, 'headless')).toHaveLength(2));
  });

  it('a new Service has its name within a second, a deleted one loses it', async () => {
    await rig.apply(makeService('young', { ports: [{ port: 80 }] }));
    await eventually(async () => expect(await dns('A', `young.default.svc.${domain}`)).toEqual([await rig.clusterIP('young')]), { timeoutMs: 5_000 });
    await rig.remove('service', 'young');
    await eventually(async () => expect(await dns('A', `young.default.svc.${domain}`)).toEqual({ error: 'ENOTFOUND' }), { timeoutMs: 5_000 });
  });

  it('more than a datagram holds come over TCP', async () => {
    const addresses = Array.from({ length: 60 }, (_, index) => `198.18.47.${index + 1}`);
    await rig.apply(makeService('many', { clusterIP: 'None' }), {
      apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', addressType: 'IPv4',
      metadata: { name: 'many-1', namespace: 'default', labels: { 'kubernetes.io/service-name': 'many' } },
      endpoints: addresses.map((address) => ({ addresses: [address] })), ports: [],
    });
    await eventually(async () => expect((await dns('A', `many.default.svc.${domain}`) as string[]).sort()).toEqual([...addresses].sort()));
    expect((await lookup(client, 'many') as string[]).sort()).toEqual([...addresses].sort());
    await rig.remove('service', 'many');
  });
});
