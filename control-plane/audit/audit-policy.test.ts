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
    expect(auditLevelOf(policy, { user, verb: 'get', path: '/openapi/v2' })).toEqual({ level: 'Request', omitStages: ['RequestReceived'], omitManagedFields: false });
    expect(auditLevelOf(policy, { user: { ...user, name: 'system:kube-proxy' }, verb: 'watch', path: '/', resource: { group: '', resource: 'secrets', subresource: '' } }).level).toBe('None');
  });

  it.each([
    [{ resources: [{ group: '', resources: ['pods/*'] }] }, { resource: 'pods' }, true], [{ resources: [{ group: '', resources: ['pods/*'] }] }, { resource: 'pods', subresource: 'log' }, true],
    [{ resources: [{ group: '', resources: ['*/log'] }] }, { resource: 'pods' }, false], [{ resources: [{ group: '', resources: ['*/log'] }] }, { resource: 'pods', subresource: 'log' }, true],
    [{ resources: [{ group: 'apps' }] }, { group: 'apps', resource: 'deployments' }, true], [{ resources: [{ group: 'apps' }] }, { resource: 'pods' }, false],
    [{ resources: [{ group: '', resources: ['pods'], resourceNames: ['web'] }] }, { resource: 'pods', name: 'web' }, true], [{ resources: [{ group: '', resources: ['pods'], resourceNames: ['web'] }] }, { resource: 'pods', name: 'db' }, false],
    [{ namespaces: [''] }, { resource: 'nodes' }, true], [{ namespaces: [''] }, { resource: 'pods', namespace: 'a' }, false],
    [{ userGroups: ['system:authenticated'] }, { resource: 'pods' }, true], [{ userGroups: ['other'] }, { resource: 'pods' }, false], [{ verbs: ['list'] }, { resource: 'pods' }, false],
  ])('rule %j decides about %j: %s', (rule, resource, matches) => {
    const one = parseAuditPolicy({ apiVersion: 'audit.k8s.io/v1', kind: 'Policy', rules: [{ level: 'Metadata', ...rule }] });
    expect(auditLevelOf(one, { user, verb: 'get', path: '/', resource: { group: '', subresource: '', ...resource } }).level).toBe(matches ? 'Metadata' : 'None');
  });

  it('leaves managed fields out as the rule says, else as the policy does', () => {
    const one = parseAuditPolicy({ apiVersion: 'audit.k8s.io/v1', kind: 'Policy', omitManagedFields: true, rules: [{ level: 'Request', verbs: ['get'], omitManagedFields: false }, { level: 'Request' }] });
    expect(['get', 'list'].map((verb) => auditLevelOf(one, { user, verb, path: '/' }).omitManagedFields)).toEqual([false, true]);
  });

  it.each([[{}], [{ kind: 'Policy', apiVersion: 'audit.k8s.io/v1', rules: [{ level: 'All' }] }], [{ kind: 'Policy', apiVersion: 'audit.k8s.io/v1', rules: [] }]])('that makes no sense is refused: %j', (document) => {
    expect(() => parseAuditPolicy(document)).toThrow('audit policy');
  });
});
