/** The DNS server on real sockets, with a resolver of the machine beside it. */
import { createSocket, type Socket } from 'node:dgram';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { Resolver } from 'node:dns/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decode, encode, streamDecode, streamEncode, type Packet } from 'dns-packet';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../../machinery/clock.ts';
import { silentLogger } from '../../../machinery/logger.ts';
import { DnsServer } from '../../dns/dns-server.ts';
import { makeClusterRecords } from '../../dns/service-records.ts';
import { Upstream } from '../../dns/upstream.ts';
import { makeService, makeSlice } from '../../testing/network-builders.ts';

const address = '127.19.0.10';
const port = 5353;
const upstreamAddress = '127.19.0.53';
const many = Array.from({ length: 80 }, (_, index) => `198.18.0.${index + 1}`);
let directory: string;
let server: DnsServer;
let upstream: Socket;
let asked = 0;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'bramble-dns-'));
  writeFileSync(join(directory, 'resolv.conf'), `nameserver ${address}\nnameserver ${upstreamAddress}\n`);
  upstream = createSocket('udp4');
  upstream.on('message', (message, from) => {
    asked += 1;
    const query = decode(message);
    const name = query.questions![0]!.name;
    upstream.send(encode({ type: 'response', id: query.id, flags: 0x180, questions: query.questions, answers: [{ type: 'A', name, ttl: 60, data: '203.0.113.80' }] }), from.port, from.address);
  });
  await new Promise<void>((resolve) => upstream.bind(53, upstreamAddress, resolve));
  const records = makeClusterRecords({
    clusterDomain: 'cluster.local',
    services: [
      makeService('web', { clusterIP: '198.19.0.5', ports: [{ name: 'http', port: 80 }] }),
      makeService('many', { clusterIP: 'None' }),
      makeService('outside', { type: 'ExternalName', externalName: 'www.example.test' }),
    ],
    endpointSlices: [makeSlice('many', many.map((ip) => ({ addresses: [ip] })), [])],
  });
  server = new DnsServer({
    address, port, clock: systemClock, logger: silentLogger, records: () => records,
    zone: { clusterDomain: 'cluster.local', reverseCIDRs: ['198.19.0.0/16'] },
    upstream: new Upstream({ resolvConf: join(directory, 'resolv.conf'), exclude: [address], clock: systemClock, random: Math.random }),
  });
  await server.start();
});

afterAll(async () => {
  await server.stop();
  upstream.close();
  rmSync(directory, { recursive: true });
});

function resolver(): Resolver {
  const client = new Resolver({ timeout: 2_000, tries: 1 });
  client.setServers([`${address}:${server.ports.udp}`]);
  return client;
}

function exchange(message: Buffer, timeoutMs = 500): Promise<Buffer | undefined> {
  const socket = createSocket('udp4');
  return new Promise((resolve) => {
    const timer = setTimeout(() => { socket.close(); resolve(undefined); }, timeoutMs);
    socket.on('message', (reply) => { clearTimeout(timer); socket.close(); resolve(reply); });
    socket.send(message, server.ports.udp, address);
  });
}

const query = (name: string, type: 'A' | 'AAAA' = 'A'): Packet => ({ type: 'query', id: 77, flags: 0x100, questions: [{ name, type }] });

describe('the DNS server', () => {
  it('answers a stub resolver: A, SRV, PTR, and no such name', async () => {
    const client = resolver();
    expect(await client.resolve4('web.default.svc.cluster.local')).toEqual(['198.19.0.5']);
    expect(await client.resolveSrv('_http._tcp.web.default.svc.cluster.local')).toMatchObject([{ name: 'web.default.svc.cluster.local', port: 80 }]);
    expect(await client.reverse('198.19.0.5')).toEqual(['web.default.svc.cluster.local']);
    await expect(client.resolve4('nope.default.svc.cluster.local')).rejects.toMatchObject({ code: 'ENOTFOUND' });
    await expect(client.resolve6('web.default.svc.cluster.local')).rejects.toMatchObject({ code: 'ENODATA' });
  });

  it('asks the resolver of the machine for other names, and never itself', async () => {
    const before = asked;
    expect(await resolver().resolve4('www.example.test')).toEqual(['203.0.113.80']);
    expect(asked).toBe(before + 1);
  });

  it('follows an ExternalName to its addresses', async () => {
    const reply = decode((await exchange(encode(query('outside.default.svc.cluster.local')), 6_000))!);
    expect(reply.answers).toMatchObject([{ type: 'CNAME', data: 'www.example.test' }, { type: 'A', data: '203.0.113.80' }]);
  });

  it('cuts an answer that is too big for UDP, and gives it whole over TCP', async () => {
    const cut = decode((await exchange(encode(query('many.default.svc.cluster.local'))))!);
    expect([cut.answers!.length, cut.flag_tc]).toEqual([0, true]);
    const whole = await new Promise<Packet>((resolve, reject) => {
      const socket = connect({ host: address, port: server.ports.tcp });
      let received = Buffer.alloc(0);
      socket.on('error', reject);
      socket.on('data', (chunk: Buffer) => {
        received = Buffer.concat([received, chunk]);
        if (received.length < 2 || received.length < 2 + received.readUInt16BE(0)) return;
        socket.destroy();
        resolve(streamDecode(received));
      });
      const message = streamEncode(query('many.default.svc.cluster.local'));
      // In two pieces, as a slow network may deliver it.
      socket.write(message.subarray(0, 5));
      setImmediate(() => socket.write(message.subarray(5)));
    });
    expect(whole.answers).toHaveLength(80);
  });

  it('answers a broken query with a format error, ignores what is none, and goes on', async () => {
    const broken = Buffer.from(encode(query('web.default.svc.cluster.local')).subarray(0, 20));
    expect((await exchange(broken))!.readUInt16BE(2) & 0xf).toBe(1);
    expect(await exchange(Buffer.from('hi'), 200)).toBeUndefined();
    expect(await exchange(encode({ type: 'response', id: 1, questions: [] }), 200)).toBeUndefined();
    for (let round = 0; round < 500; round++) {
      const noise = Buffer.from(Array.from({ length: 12 + (round % 60) }, (_, index) => (round * 31 + index * 17) % 256));
      noise[2] = noise[2]! & 0x7f;
      await exchange(noise, 0);
    }
    expect(await resolver().resolve4('web.default.svc.cluster.local')).toEqual(['198.19.0.5']);
  });

  it('says that it failed when no resolver of the machine answers', async () => {
    const lonely = new DnsServer({
      address, port: 0, clock: systemClock, logger: silentLogger, records: () => ({ names: new Map(), pointers: new Map() }),
      zone: { clusterDomain: 'cluster.local', reverseCIDRs: [] },
      upstream: new Upstream({ resolvConf: join(directory, 'none'), exclude: [], clock: systemClock, random: Math.random }),
    });
    await lonely.start();
    const client = new Resolver({ timeout: 2_000, tries: 1 });
    client.setServers([`${address}:${lonely.ports.udp}`]);
    await expect(client.resolve4('www.example.test')).rejects.toMatchObject({ code: 'ESERVFAIL' });
    await lonely.stop();
  });
});
