import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Service, ServiceSpec } from '../../../../api/core.ts';
import { services } from '../../../../api/resources.ts';
import { refusal } from '../../testing/refusal.ts';
import { sequentialRandomness } from '../../testing/sequential-randomness.ts';
import { createTestRegistry } from '../../testing/test-registry.ts';
import type { TestRegistry } from '../../testing/test-registry.ts';
import { IpAllocator } from './ip-allocator.ts';
import { PortAllocator } from './port-allocator.ts';
import { clusterIPsOf, nodePortsOf } from './service-needs.ts';

const port = (number: number, more: object = {}) => ({ port: number, protocol: 'TCP', targetPort: number, ...more });
const spec = (more: Partial<ServiceSpec> = {}): ServiceSpec => ({ type: 'ClusterIP', selector: { app: 'web' }, ports: [port(80)], ...more });

describe('the addresses and ports of Services', () => {
  let test: TestRegistry;
  beforeEach(async () => { test = await createTestRegistry({ serviceCIDR: '198.18.0.0/24', nodePortRange: '30000-30049' }); });
  const create = (name: string, more: Partial<ServiceSpec> = {}, namespace = 'default') =>
    test.registry.of(services).create(test.context, namespace, { metadata: { name }, spec: spec(more) });
  const change = (name: string, to: (current: ServiceSpec) => ServiceSpec): Promise<Service> =>
    test.client.resource(services).modify(name, 'default', (copy) => ({ ...copy, spec: to(copy.spec!) }));

  it('a Service gets an address from the upper band, and says which family', async () => {
    const { spec: given } = await create('web');
    expect(Number(given?.clusterIP?.split('.')[3])).toBeGreaterThan(16);
    expect(given).toMatchObject({ clusterIPs: [given?.clusterIP], ipFamilies: ['IPv4'], ipFamilyPolicy: 'SingleStack' });
    expect(given?.ports?.[0]).not.toHaveProperty('nodePort');
  });

  it('a wished address is honoured once', async () => {
    expect((await create('a', { clusterIP: '198.18.0.99' })).spec?.clusterIPs).toEqual(['198.18.0.99']);
    const error = await refusal(create('b', { clusterIP: '198.18.0.99' }));
    expect([error.code, error.message]).toEqual([422, 'Service "b" is invalid: spec.clusterIPs: Invalid value: ["198.18.0.99"]: failed to allocate IP 198.18.0.99: provided IP is already allocated']);
    expect((await refusal(create('b', { clusterIP: '198.18.7.1' }))).message).toContain('provided IP is not in the valid range. The range of valid IPs is 198.18.0.0/24');
    expect((await refusal(create('b', { clusterIP: '198.18.0.255' }))).message).toContain('not in the valid range');
    await test.client.resource(services).delete('a', 'default');
    expect((await create('b', { clusterIP: '198.18.0.99' })).spec?.clusterIP).toBe('198.18.0.99');
  });

  it('the API server and DNS have their addresses to themselves', async () => {
    expect((await refusal(create('web', { clusterIP: '198.18.0.1' }))).code).toBe(422);
    expect((await refusal(create('web', { clusterIP: '198.18.0.10' }))).code).toBe(422);
    expect((await create('kubernetes')).spec?.clusterIP).toBe('198.18.0.1');
    expect((await create('kube-dns', { clusterIP: '198.18.0.10' }, 'kube-system')).spec?.clusterIP).toBe('198.18.0.10');
    await test.client.resource(services).delete('kubernetes', 'default');
    expect((await create('kubernetes', { clusterIP: '198.18.0.1' })).spec?.clusterIP).toBe('198.18.0.1');
  });

  it('a full range says so and loses nothing', async () => {
    const small = await createTestRegistry({ serviceCIDR: '198.18.0.0/28' });
    const make = (name: string) => small.registry.of(services).create(small.context, 'default', { metadata: { name }, spec: spec() });
    for (let count = 0; count < 12; count++) await make(`s${count}`);
    const error = await refusal(make('over'));
    expect([error.code, error.message]).toEqual([500, 'Internal error occurred: failed to allocate a serviceIP: range is full']);
    await small.client.resource(services).delete('s3', 'default');
    await make('over');
  });

  it('headless and external Services get none', async () => {
    const headless = await create('a', { clusterIP: 'None' });
    expect(headless.spec).toMatchObject({ clusterIP: 'None', clusterIPs: ['None'], ipFamilies: ['IPv4'], ipFamilyPolicy: 'SingleStack' });
    const byHand = await create('b', { clusterIP: 'None', selector: undefined });
    expect(byHand.spec).toMatchObject({ ipFamilyPolicy: 'RequireDualStack', ipFamilies: ['IPv4', 'IPv6'] });
    const external = await create('c', { type: 'ExternalName', externalName: 'example.com', selector: undefined, ports: undefined });
    expect(external.spec).not.toHaveProperty('clusterIP');
    expect(external.spec).not.toHaveProperty('ipFamilies');
  });

  it('two families are refused', async () => {
    expect((await refusal(create('a', { ipFamilyPolicy: 'RequireDualStack' }))).message).toContain('this cluster is not configured for dual-stack services');
    expect((await refusal(create('a', { ipFamilies: ['IPv6'] }))).message).toContain('spec.ipFamilies[0]: Invalid value: "IPv6": not configured on this cluster');
    expect((await create('a', { ipFamilyPolicy: 'PreferDualStack' })).spec?.ipFamilies).toEqual(['IPv4']);
  });

  it('a NodePort Service gets ports; the same port of two protocols shares one', async () => {
    const { spec: given } = await create('dns', { type: 'NodePort', ports: [port(53, { name: 'udp', protocol: 'UDP' }), port(53, { name: 'tcp' }), port(54, { name: 'other' })] });
    const [udp, tcp, other] = given?.ports ?? [];
    expect(udp?.nodePort).toBe(tcp?.nodePort);
    expect(other?.nodePort).not.toBe(tcp?.nodePort);
    for (const { nodePort } of given?.ports ?? []) expect(nodePort).toSatisfy((number: number) => number >= 30_000 && number <= 30_049);
  });

  it('a wished node port is honoured once', async () => {
    expect((await create('a', { type: 'NodePort', ports: [port(80, { nodePort: 30_007 })] })).spec?.ports?.[0]?.nodePort).toBe(30_007);
    const error = await refusal(create('b', { type: 'NodePort', ports: [port(80, { name: 'w' }), port(81, { name: 'x', nodePort: 30_007 })] }));
    expect(error.message).toBe('Service "b" is invalid: spec.ports[1].nodePort: Invalid value: 30007: provided port is already allocated');
    expect((await refusal(create('b', { type: 'NodePort', ports: [port(80, { nodePort: 80 })] }))).message).toContain('provided port is not in the valid range. The range of valid ports is 30000-30049');
  });

  it('a change of type gives and takes', async () => {
    const before = await create('web');
    const exposed = await change('web', (current) => ({ ...current, type: 'NodePort' }));
    expect(exposed.spec?.clusterIP).toBe(before.spec?.clusterIP);
    const nodePort = exposed.spec?.ports?.[0]?.nodePort ?? 0;
    expect(nodePort).toBeGreaterThanOrEqual(30_000);
    const hidden = await change('web', (current) => ({ ...current, type: 'ClusterIP' }));
    expect(hidden.spec?.ports?.[0]).not.toHaveProperty('nodePort');
    expect((await create('other', { type: 'NodePort', ports: [port(80, { nodePort })] })).spec?.ports?.[0]?.nodePort).toBe(nodePort);
    const external = await change('web', (current) => ({ ...current, type: 'ExternalName', externalName: 'example.com' }));
    expect(external.spec).not.toHaveProperty('clusterIP');
    expect((await create('heir', { clusterIP: before.spec?.clusterIP })).spec?.clusterIP).toBe(before.spec?.clusterIP);
    const back = await change('web', (current) => ({ ...current, type: 'ClusterIP' }));
    expect(back.spec?.clusterIP).toMatch(/^198\.18\.0\./);
    expect(back.spec).not.toHaveProperty('externalName');
  });

  it('an update that leaves the values out keeps them', async () => {
    const before = await create('web', { type: 'NodePort' });
    const after = await test.registry.of(services).update(test.context, {
      name: 'web', namespace: 'default', change: () => ({ metadata: { name: 'web' }, spec: spec({ type: 'NodePort', ports: [port(81)] }) }),
    });
    expect(after.spec?.clusterIPs).toEqual(before.spec?.clusterIPs);
    expect(after.spec?.ports).toEqual([{ ...port(81), nodePort: before.spec?.ports?.[0]?.nodePort }]);
  });

  it('a status update holds on to everything', async () => {
    const before = await create('web', { type: 'LoadBalancer' });
    const after = await test.client.resource(services).modify('web', 'default', (copy) => Object.assign(copy, { status: { loadBalancer: { ingress: [{ ip: '203.0.113.1' }] } } }), 'status');
    expect(after.spec).toEqual(before.spec);
    await test.client.resource(services).delete('web', 'default');
    await create('again', { type: 'NodePort', ports: [port(80, { nodePort: before.spec?.ports?.[0]?.nodePort })], clusterIP: before.spec?.clusterIP });
  });

  it('a refused create and a dry run hold nothing', async () => {
    await create('web');
    for (let count = 0; count < 60; count++) {
      expect((await refusal(create('web', { type: 'NodePort' }))).reason).toBe('AlreadyExists');
      await test.registry.of(services).create({ ...test.context, dryRun: true }, 'default', { metadata: { name: 'dry' }, spec: spec({ type: 'NodePort' }) });
    }
    for (let count = 0; count < 50; count++) await create(`s${count}`, { type: 'NodePort' });
  });

  it('a registry that starts over the same store knows what is taken', async () => {
    const before = await create('web', { type: 'NodePort' });
    const { spec: had } = before;
    const { createRegistry } = await import('../../generic-registry.ts');
    const { silentLogger } = await import('../../../../machinery/logger.ts');
    const again = createRegistry({ storage: test.storage, clock: test.clock, logger: silentLogger, random: sequentialRandomness(), serviceCIDR: '198.18.0.0/24' });
    const wish = (more: Partial<ServiceSpec>) => refusal(again.of(services).create(test.context, 'default', { metadata: { name: 'other' }, spec: spec(more) }));
    expect((await wish({ clusterIP: had?.clusterIP })).message).toContain('provided IP is already allocated');
    expect((await wish({ type: 'NodePort', ports: had?.ports })).message).toContain('provided port is already allocated');
  });

  it('never gives the same twice, whatever happens at the same time', async () => {
    const step = fc.record({
      name: fc.integer({ min: 0, max: 5 }).map((number) => `s${number}`),
      verb: fc.constantFrom('create', 'delete', 'type'),
      type: fc.constantFrom('ClusterIP', 'NodePort', 'ExternalName'),
    });
    await fc.assert(fc.asyncProperty(fc.array(fc.array(step, { maxLength: 6 }), { maxLength: 8 }), async (rounds) => {
      const { registry, client, context } = await createTestRegistry({ serviceCIDR: '198.18.0.0/28', nodePortRange: '30000-30003' });
      const run = ({ name, verb, type }: { name: string; verb: string; type: string }): Promise<unknown> => {
        const wanted = spec({ type, externalName: type === 'ExternalName' ? 'example.com' : undefined });
        if (verb === 'create') return registry.of(services).create(context, 'default', { metadata: { name }, spec: wanted });
        if (verb === 'delete') return client.resource(services).delete(name, 'default');
        return client.resource(services).modify(name, 'default', (copy) => ({ ...copy, spec: { ...copy.spec, type: type, externalName: 'example.com' } }));
      };
      for (const round of rounds) {
        await Promise.allSettled(round.map(run));
        const { items } = await client.resource(services).list();
        const addresses = items.flatMap(clusterIPsOf);
        const ports = items.flatMap((item) => [...nodePortsOf(item)]);
        expect(new Set(addresses).size).toBe(addresses.length);
        expect(new Set(ports).size).toBe(ports.length);
        for (const { spec: given } of items) expect(given?.type === 'ExternalName').toBe(given?.clusterIP === undefined);
      }
      // Whatever went wrong on the way, all that is not held can be had.
      const { items } = await client.resource(services).list();
      for (const item of items) await client.resource(services).delete(item.metadata!.name!, 'default');
      for (let count = 0; count < 4; count++) await registry.of(services).create(context, 'default', { metadata: { name: `n${count}` }, spec: spec({ type: 'NodePort' }) });
      for (let count = 4; count < 12; count++) await registry.of(services).create(context, 'default', { metadata: { name: `n${count}` }, spec: spec() });
    }), { numRuns: 30 });
  });
});

describe('allocators', () => {
  it('give the lower band only when the upper one is full', () => {
    const ports = new PortAllocator({ range: '30000-30031', random: sequentialRandomness() });
    const given = Array.from({ length: 32 }, () => ports.takeNext());
    expect(Math.min(...given.slice(0, 16))).toBe(30_016);
    expect(new Set(given).size).toBe(32);
    expect(() => ports.takeNext()).toThrow('range is full');
  });

  it.each(['198.18.0.0', '198.18.0.0/33', '198.18.0.300/24', 'fd00::/112', '0.0.0.0/0'])('refuse the range %s', (cidr) => {
    expect(() => new IpAllocator({ cidr, random: sequentialRandomness() })).toThrow(RangeError);
  });

  it.each(['30000', '30001-30000', '0-10', '1-70000'])('refuse the ports %s', (range) => {
    expect(() => new PortAllocator({ range, random: sequentialRandomness() })).toThrow(RangeError);
  });
});
