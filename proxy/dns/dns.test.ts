import { describe, expect, it } from 'vitest';
import type { RecordType } from 'dns-packet';
import { makeService, makeSlice } from '../testing/network-builders.ts';
import { answerQuestion, responseCodes } from './answer-query.ts';
import { makeClusterRecords } from './service-records.ts';
import { parseResolvConf } from './upstream.ts';

const zone = { clusterDomain: 'cluster.local', reverseCIDRs: ['198.19.0.0/16', '198.18.0.0/16'] };
const records = makeClusterRecords({
  clusterDomain: 'cluster.local',
  services: [
    makeService('web', { clusterIP: '198.19.0.5', ports: [{ name: 'http', port: 80, protocol: 'TCP' }, { port: 90 }] }),
    makeService('db', { clusterIP: 'None', ports: [{ name: 'sql', port: 5432 }] }),
    makeService('empty', { clusterIP: 'None' }),
    makeService('outside', { type: 'ExternalName', externalName: 'www.example.test.' }),
    makeService('inside', { type: 'ExternalName', externalName: 'web.default.svc.cluster.local' }),
  ],
  endpointSlices: [makeSlice('db', [
    { addresses: ['198.18.0.7'], hostname: 'db-0' },
    { addresses: ['198.18.0.8'] },
    { addresses: ['198.18.0.9'], conditions: { ready: false } },
  ], [{ name: 'sql', port: 5432 }])],
});
const ask = (name: string, type: RecordType = 'A') => answerQuestion({ name, type }, records, zone);
const data = (name: string, type: RecordType = 'A') => ask(name, type)!.answers.map((answer) => ('data' in answer ? answer.data : undefined));

describe('cluster DNS', () => {
  it('gives a Service its cluster address, in any spelling of case', () => {
    expect(data('web.default.svc.cluster.local')).toEqual(['198.19.0.5']);
    expect(data('WEB.Default.svc.Cluster.Local')).toEqual(['198.19.0.5']);
    expect(ask('WEB.default.svc.cluster.local')!.answers[0]!.name).toBe('WEB.default.svc.cluster.local');
  });

  it('gives SRV records for named ports with the address beside them', () => {
    const answer = ask('_http._tcp.web.default.svc.cluster.local', 'SRV')!;
    expect(answer.answers.map((record) => record.type === 'SRV' && [record.data.port, record.data.target])).toEqual([[80, 'web.default.svc.cluster.local']]);
    expect(answer.additionals).toMatchObject([{ type: 'A', name: 'web.default.svc.cluster.local', data: '198.19.0.5' }]);
    expect(ask('_none._tcp.web.default.svc.cluster.local', 'SRV')!.responseCode).toBe(responseCodes.nameError);
  });

  it('gives a headless Service the addresses of its ready endpoints, and each a name', () => {
    expect(data('db.default.svc.cluster.local')).toEqual(['198.18.0.7', '198.18.0.8']);
    expect(data('db-0.db.default.svc.cluster.local')).toEqual(['198.18.0.7']);
    expect(data('198-18-0-8.db.default.svc.cluster.local')).toEqual(['198.18.0.8']);
    expect(ask('_sql._tcp.db.default.svc.cluster.local', 'SRV')!.answers).toHaveLength(2);
  });

  it('tells a name that exists without such records from one that does not exist', () => {
    for (const [name, type] of [['web.default.svc.cluster.local', 'AAAA'], ['empty.default.svc.cluster.local', 'A'], ['default.svc.cluster.local', 'A'], ['cluster.local', 'A']] as const) {
      expect(ask(name, type), name).toMatchObject({ responseCode: responseCodes.noError, answers: [], authorities: [{ type: 'SOA' }] });
    }
    for (const name of ['nope.default.svc.cluster.local', 'web.other.svc.cluster.local', 'web.cluster.local', 'example.com.cluster.local']) {
      expect(ask(name), name).toMatchObject({ responseCode: responseCodes.nameError, answers: [], authorities: [{ type: 'SOA' }] });
    }
  });

  it('answers an ExternalName with an alias and says where its addresses are', () => {
    expect(ask('outside.default.svc.cluster.local')).toMatchObject({ answers: [{ type: 'CNAME', data: 'www.example.test' }], followCname: 'www.example.test' });
    expect(data('inside.default.svc.cluster.local')).toEqual(['web.default.svc.cluster.local', '198.19.0.5']);
  });

  it('knows the names of its own addresses and leaves those of others alone', () => {
    expect(data('5.0.19.198.in-addr.arpa', 'PTR')).toEqual(['web.default.svc.cluster.local']);
    expect(data('7.0.18.198.in-addr.arpa', 'PTR')).toEqual(['db-0.db.default.svc.cluster.local']);
    expect(data('8.0.18.198.in-addr.arpa', 'PTR')).toEqual(['198-18-0-8.db.default.svc.cluster.local']);
    expect(ask('99.0.19.198.in-addr.arpa', 'PTR')!.responseCode).toBe(responseCodes.nameError);
    expect(ask('1.113.0.203.in-addr.arpa', 'PTR')).toBeUndefined();
  });

  it('gives a name made of a pod address that address, in the ranges of the cluster only', () => {
    expect(data('198-18-0-99.default.pod.cluster.local')).toEqual(['198.18.0.99']);
    for (const name of ['203-0-113-1.default.pod.cluster.local', '300-1-1-1.default.pod.cluster.local', '198-18-0-9.pod.cluster.local', 'x.198-18-0-9.default.pod.cluster.local']) {
      expect(ask(name)!.responseCode, name).toBe(responseCodes.nameError);
    }
  });

  it('leaves every other name to the resolvers of the machine', () => {
    for (const name of ['example.test', 'cluster.local.example.test', 'notcluster.local', '']) expect(ask(name)).toBeUndefined();
  });

  it('reads resolv.conf as libc does', () => {
    expect(parseResolvConf('# x\nnameserver 203.0.113.1\n nameserver fe80::1%eth0 # y\nsearch a b\nnameserver nonsense\nnameserver 203.0.113.2\nnameserver 203.0.113.3\n'))
      .toEqual(['203.0.113.1', 'fe80::1', '203.0.113.2']);
  });
});
