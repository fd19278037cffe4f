import { describe, expect, it } from 'vitest';
import { auditLevelOf, parseAuditPolicy } from './audit-policy.ts';

const policy = parseAuditPolicy({
  apiVersion: 'audit.k8s.io/v1', kind: 'Policy', omitStages: ['RequestReceived'],
  rules: [
    { level: 'None', users: ['system:kube-proxy'], verbs: ['watch'] },
    { level: 'Metadata', resources: [{ group: '', resources: ['secrets', 'pods/log'] }] },
    { level: 'RequestResponse', namespaces: ['team'], omitStages: ['Panic'] },
    { level: 'Request', nonResourceURLs: ['/openapi*'] },
  ],
});
const user = { name: 'jane', groups: ['system:authenticated'] };
const of = (resource: string, subresource = '', namespace = 'a') => auditLevelOf(policy, { user, verb: 'get', path: '/', resource: { group: '', resource, subresource, namespace } }).level;

describe('an audit policy', () => {
  it('is decided by the first rule that matches', () => {
    expect([of('secrets'), of('pods', 'log'), of('pods'), of('pods', '', 'team'), of('secrets', '', 'team')]).toEqual(['Metadata', 'Metadata', 'None', 'RequestResponse', 'Metadata']);
    expect(auditLevelOf(policy, { user, verb: 'get', path: '/openapi/v2' })).toEqual({ level: 'Request', omitStages: ['RequestReceived'] });
    expect(auditLevelOf(policy, { user: { ...user, name: 'system:kube-proxy' }, verb: 'watch', path: '/', resource: { group: '', resource: 'secrets', subresource: '' } }).level).toBe('None');
  });

  it.each([[{}], [{ kind: 'Policy', apiVersion: 'audit.k8s.io/v1', rules: [{ level: 'All' }] }], [{ kind: 'Policy', apiVersion: 'audit.k8s.io/v1', rules: [] }]])('that makes no sense is refused: %j', (document) => {
    expect(() => parseAuditPolicy(document)).toThrow('audit policy');
  });
});
