import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ClusterRole, ClusterRoleBinding, PolicyRule } from '../../api/rbac.ts';
import { clusterRoleBindings, clusterRoles, roleBindings, roles } from '../../api/resources.ts';
import { silentLogger } from '../../machinery/logger.ts';
import { FakeClock } from '../../machinery/testing/fake-clock.ts';
import type { ApiClient } from '../../machinery/client.ts';
import { createRegistry, type GenericRegistry } from '../registry/generic-registry.ts';
import { createLocalClient } from '../registry/local-client.ts';
import type { UserInfo } from '../registry/registry.ts';
import { createMemoryStore } from '../storage/memory-store.ts';
import { namespaces } from '../../api/resources.ts';
import { ensureBootstrapPolicy } from './bootstrap-policy/ensure-bootstrap-policy.ts';
import { createAccessControl, type AccessControl } from './create-access.ts';

const group = 'rbac.authorization.k8s.io';
const jane: UserInfo = { name: 'jane', groups: ['team', 'system:authenticated'] };
const robot: UserInfo = { name: 'system:serviceaccount:a:robot', groups: ['system:serviceaccounts', 'system:serviceaccounts:a', 'system:authenticated'] };

let access: AccessControl;
let registry: GenericRegistry;
let client: ApiClient;
let storage: ReturnType<typeof createMemoryStore>;

beforeEach(async () => {
  storage = createMemoryStore();
  access = createAccessControl(storage);
  registry = createRegistry({ storage, clock: new FakeClock(), logger: silentLogger, access, serviceCIDR: '198.18.0.0/24' });
  client = createLocalClient(registry, { name: 'admin', groups: ['system:masters'] });
  for (const name of ['a', 'b', 'kube-system', 'kube-public']) await client.resource(namespaces).create({ metadata: { name } });
});
afterEach(async () => {
  access.stop();
  await storage.close();
});

const pods = { group: '', version: 'v1', resource: 'pods', subresource: '' };
function may(user: UserInfo, verb: string, about: { namespace?: string; name?: string; resource?: string; subresource?: string; group?: string } = {}) {
  return access.authorizer.authorize({ user, isResource: true, verb, ...pods, ...about });
}
const role = (name: string, rules: PolicyRule[]) => client.resource(roles).create({ metadata: { name, namespace: 'a' }, rules });
const clusterRole = (name: string, rules: PolicyRule[]) => client.resource(clusterRoles).create({ metadata: { name }, rules });
const toJane = [{ apiGroup: group, kind: 'User', name: 'jane' }];
const bind = (name: string, kind: string, subjects: { kind: string; name: string; apiGroup?: string; namespace?: string }[] = toJane) =>
  client.resource(roleBindings).create({ metadata: { name, namespace: 'a' }, roleRef: { apiGroup: group, kind, name }, subjects });
const bindEverywhere = (name: string, subjects: { kind: string; name: string; apiGroup?: string; namespace?: string }[] = toJane) =>
  client.resource(clusterRoleBindings).create({ metadata: { name }, roleRef: { apiGroup: group, kind: 'ClusterRole', name }, subjects });

describe('roles and bindings', () => {
  it('allow in their namespace only', async () => {
    await role('reader', [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }]);
    await bind('reader', 'Role');
    expect(may(jane, 'get', { namespace: 'a' })).toEqual({ decision: 'allow', reason: 'RBAC: allowed by RoleBinding "reader/a" of Role "reader" to User "jane"' });
    expect(may(jane, 'get', { namespace: 'b' }).decision).toBe('no opinion');
    expect(may(jane, 'get').decision).toBe('no opinion');
    expect(may(jane, 'list', { namespace: 'a' }).decision).toBe('no opinion');
    expect(may(robot, 'get', { namespace: 'a' }).decision).toBe('no opinion');
  });

  it('of the cluster allow everywhere, by group and by account', async () => {
    await clusterRole('reader', [{ apiGroups: [''], resources: ['pods', 'pods/log'], verbs: ['*'] }]);
    await bindEverywhere('reader', [{ apiGroup: group, kind: 'Group', name: 'team' }, { kind: 'ServiceAccount', namespace: 'a', name: 'robot' }]);
    expect(may(jane, 'get', { namespace: 'b', subresource: 'log' })).toEqual({ decision: 'allow', reason: 'RBAC: allowed by ClusterRoleBinding "reader" of ClusterRole "reader" to Group "team"' });
    expect(may(robot, 'delete').reason).toBe('RBAC: allowed by ClusterRoleBinding "reader" of ClusterRole "reader" to ServiceAccount "robot/a"');
    expect(may(jane, 'get', { subresource: 'exec' }).decision).toBe('no opinion');
  });

  it('change what is allowed when they change', async () => {
    await clusterRole('reader', []);
    await bindEverywhere('reader');
    expect(may(jane, 'get').decision).toBe('no opinion');
    await client.resource(clusterRoles).modify('reader', undefined, (copy) => ({ ...copy, rules: [{ apiGroups: ['*'], resources: ['*'], verbs: ['get'] }] }));
    expect(may(jane, 'get').decision).toBe('allow');
    await client.resource(clusterRoleBindings).modify('reader', undefined, (copy) => ({ ...copy, subjects: [] }));
    expect(may(jane, 'get').decision).toBe('no opinion');
  });

  it('are not found: the refusal says so', async () => {
    await bindEverywhere('ghost');
    expect(may(jane, 'get')).toEqual({ decision: 'no opinion', reason: 'RBAC: clusterrole.rbac.authorization.k8s.io "ghost" not found' });
  });

  it('limit to names, and to subresources of everything', async () => {
    await clusterRole('narrow', [{ apiGroups: [''], resources: ['pods'], resourceNames: ['web'], verbs: ['get'] }, { apiGroups: ['*'], resources: ['*/scale'], verbs: ['update'] }]);
    await bindEverywhere('narrow');
    expect(may(jane, 'get', { name: 'web' }).decision).toBe('allow');
    expect(may(jane, 'get', { name: 'db' }).decision).toBe('no opinion');
    expect(may(jane, 'get').decision).toBe('no opinion');
    expect(may(jane, 'update', { resource: 'deployments', group: 'apps', subresource: 'scale' }).decision).toBe('allow');
  });
});

describe('the default policy', () => {
  beforeEach(() => ensureBootstrapPolicy(client));
  const path = (user: UserInfo, wanted: string) => access.authorizer.authorize({ user, isResource: false, verb: 'get', path: wanted }).decision;

  it('shows health and version to everyone, discovery to users', () => {
    const stranger: UserInfo = { name: 'system:anonymous', groups: ['system:unauthenticated'] };
    expect(['/healthz', '/version', '/apis', '/metrics'].map((wanted) => path(stranger, wanted))).toEqual(['allow', 'allow', 'no opinion', 'no opinion']);
    expect(['/healthz', '/version', '/apis/apps/v1', '/metrics'].map((wanted) => path(jane, wanted))).toEqual(['allow', 'allow', 'allow', 'no opinion']);
  });

  it('writes nothing the second time, and mends what was taken away', async () => {
    const before = storage.revision;
    await ensureBootstrapPolicy(client);
    expect(storage.revision).toBe(before);
    await client.resource(clusterRoles).modify('system:basic-user', undefined, (copy) => ({ ...copy, rules: [{ apiGroups: ['x'], resources: ['y'], verbs: ['get'] }] }));
    await client.resource(clusterRoles).modify('system:discovery', undefined, (copy) => ({ ...copy, rules: [], metadata: { ...copy.metadata, annotations: { 'rbac.authorization.kubernetes.io/autoupdate': 'false' } } }));
    await ensureBootstrapPolicy(client);
    expect((await client.resource(clusterRoles).get('system:basic-user')).rules).toHaveLength(4);
    expect((await client.resource(clusterRoles).get('system:discovery')).rules ?? []).toEqual([]);
    expect(access.authorizer.authorize({ user: jane, isResource: true, verb: 'create', group: 'authentication.k8s.io', version: 'v1', resource: 'selfsubjectreviews', subresource: '' }).decision).toBe('allow');
  });

  it.each([
    ['namespace-controller', 'watch', 'configmaps', ''], ['statefulset-controller', 'watch', 'persistentvolumeclaims', ''], ['statefulset-controller', 'update', 'pods/finalizers', ''],
    ['endpointslice-controller', 'watch', 'endpointslices', 'discovery.k8s.io'], ['horizontal-pod-autoscaler', 'watch', 'pods', ''], ['node-controller', 'watch', 'nodes', ''],
  ])('lets the %s %s %s', (account, verb, resource, apiGroup) => {
    const user: UserInfo = { name: `system:serviceaccount:kube-system:${account}`, groups: [] };
    const [plural = '', subresource = ''] = resource.split('/');
    expect(may(user, verb, { resource: plural, subresource, group: apiGroup, namespace: 'a' }).decision).toBe('allow');
    expect(may(user, 'bind', { resource: plural, group: apiGroup, namespace: 'a' }).decision).toBe('no opinion');
  });

  it('marks what it keeps as Kubernetes does', async () => {
    for (const resource of [clusterRoles, clusterRoleBindings]) {
      const { items } = await client.resource<ClusterRole | ClusterRoleBinding>(resource).list();
      expect(items.length).toBeGreaterThan(30);
      for (const { metadata } of items) expect(metadata).toMatchObject({ labels: { 'kubernetes.io/bootstrapping': 'rbac-defaults' }, annotations: { 'rbac.authorization.kubernetes.io/autoupdate': 'true' } });
    }
  });

  it('makes bindings anew that lead to another role, with the subjects they have, and gives aggregated roles their selectors back', async () => {
    const bindings = client.resource(clusterRoleBindings);
    const extra = { kind: 'User', apiGroup: group, name: 'jane' };
    const { uid } = (await bindings.get('system:discovery')).metadata!;
    await bindings.delete('system:discovery');
    await bindings.create({ metadata: { name: 'system:discovery', labels: { team: 'a' } }, roleRef: { apiGroup: group, kind: 'ClusterRole', name: 'view' }, subjects: [extra] });
    await client.resource(clusterRoles).modify('view', undefined, (copy) => ({ ...copy, aggregationRule: { clusterRoleSelectors: [{ matchLabels: { own: 'yes' } }] } }));
    await ensureBootstrapPolicy(client);
    const { metadata, roleRef, subjects } = await bindings.get('system:discovery');
    expect(metadata?.uid).not.toBe(uid);
    expect(metadata?.labels).toEqual({ team: 'a', 'kubernetes.io/bootstrapping': 'rbac-defaults' });
    expect(roleRef.name).toBe('system:discovery');
    expect(subjects).toEqual([extra, { kind: 'Group', apiGroup: group, name: 'system:authenticated' }]);
    expect((await client.resource(clusterRoles).get('view')).aggregationRule?.clusterRoleSelectors).toEqual([
      { matchLabels: { own: 'yes' } }, { matchLabels: { 'rbac.authorization.k8s.io/aggregate-to-view': 'true' } },
    ]);
  });
});

describe('escalation', () => {
  const context = { user: jane, fieldManager: 'test', dryRun: false };
  const create = (rules: PolicyRule[]) => registry.of(roles).create(context, 'a', { metadata: { name: 'more' }, rules });

  it('is refused with what is missing', async () => {
    await clusterRole('reader', [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }]);
    await bindEverywhere('reader');
    await create([{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }]);
    await expect(registry.of(roles).update(context, { name: 'more', namespace: 'a', change: (copy) => ({ ...copy, rules: [{ apiGroups: [''], resources: ['pods', 'secrets'], verbs: ['get', 'list'] }] }) })).rejects.toMatchObject({
      code: 403,
      message: 'roles.rbac.authorization.k8s.io "more" is forbidden: user "jane" (groups=["team" "system:authenticated"]) is attempting to grant RBAC permissions not currently held:\n'
        + '{APIGroups:[""], Resources:["pods"], Verbs:["list"]}\n{APIGroups:[""], Resources:["secrets"], Verbs:["get" "list"]}',
    });
  });

  it('is allowed by escalate and by bind', async () => {
    await clusterRole('trusted', [{ apiGroups: [group], resources: ['roles', 'clusterroles'], verbs: ['escalate', 'bind'] }]);
    await bindEverywhere('trusted');
    await create([{ apiGroups: [''], resources: ['secrets'], verbs: ['get'] }]);
    await registry.of(roleBindings).create(context, 'a', { metadata: { name: 'x' }, roleRef: { apiGroup: group, kind: 'Role', name: 'more' }, subjects: toJane });
  });

  it('by a binding is refused like one by a role', async () => {
    await clusterRole('secrets', [{ apiGroups: [''], resources: ['secrets'], verbs: ['get'] }]);
    const binding = { metadata: { name: 'x' }, roleRef: { apiGroup: group, kind: 'ClusterRole', name: 'secrets' }, subjects: toJane };
    await expect(registry.of(clusterRoleBindings).create(context, undefined, binding)).rejects.toMatchObject({ code: 403 });
    await expect(registry.of(clusterRoleBindings).create(context, undefined, { ...binding, roleRef: { ...binding.roleRef, name: 'ghost' } })).rejects.toMatchObject({
      code: 404, message: 'clusterroles.rbac.authorization.k8s.io "ghost" not found',
    });
  });
});
