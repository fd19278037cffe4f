import { beforeEach, describe, expect, it } from 'vitest';
import type { Pod } from '../../api/core.ts';
import type { OwnerReference } from '../../api/meta.ts';
import { configMaps, nodes, persistentVolumeClaims, pods } from '../../api/resources.ts';
import { refusal } from '../registry/testing/refusal.ts';
import { createTestRegistry } from '../registry/testing/test-registry.ts';
import type { TestRegistry } from '../registry/testing/test-registry.ts';

type Spec = NonNullable<Pod['spec']>;

describe('NodeRestriction', () => {
  let test: TestRegistry;
  let owner: OwnerReference;
  const asNode = () => ({ ...test.context, user: { name: 'system:node:pi', groups: ['system:nodes', 'system:authenticated'] } });
  beforeEach(async () => {
    test = await createTestRegistry();
    const node = await test.client.resource(nodes).create({ metadata: { name: 'pi' } });
    owner = { apiVersion: 'v1', kind: 'Node', name: 'pi', uid: node.metadata?.uid ?? '', controller: true };
  });
  const createMirror = (spec: Partial<Spec> = {}, metadata: Pod['metadata'] = {}) => test.registry.of(pods).create(asNode(), 'default', {
    metadata: { name: 'web', annotations: { 'kubernetes.io/config.mirror': 'a' }, ownerReferences: [owner], ...metadata },
    spec: { nodeName: 'pi', automountServiceAccountToken: false, containers: [{ name: 'main', image: 'busybox' }], ...spec },
  });

  it('lets a node create and delete its own mirror pods', async () => {
    await createMirror();
    await test.registry.of(pods).delete(asNode(), 'web', 'default', { gracePeriodSeconds: 0 });
    expect((await refusal(test.registry.of(pods).delete(asNode(), 'web', 'default', {}))).code).toBe(404);
  });

  // Of accounts and their secrets the plugin of accounts speaks first.
  it.each<[string, Partial<Spec>, Pod['metadata'], string]>([
    ['no annotation', {}, { annotations: {} }, 'pod does not have "kubernetes.io/config.mirror" annotation, node "pi" can only create mirror pods'],
    ['another node', { nodeName: 'other' }, {}, 'node "pi" can only create pods with spec.nodeName set to itself'],
    ['no owner', {}, { ownerReferences: [] }, 'node "pi" can only create pods with an owner reference set to itself'],
    ['a Secret in a variable', { containers: [{ name: 'a', image: 'b', env: [{ name: 'A', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } }] }] }, {}, 'a mirror pod may not reference secrets'],
    ['a Secret of the registry', { imagePullSecrets: [{ name: 's' }] }, {}, 'a mirror pod may not reference secrets'],
    ['a ConfigMap in a projected volume', { volumes: [{ name: 'v', projected: { sources: [{ configMap: { name: 'c' } }] } }] }, {}, 'node "pi" can not create pods that reference configmaps'],
    ['a claim', { volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'c' } }] }, {}, 'node "pi" can not create pods that reference persistentvolumeclaims'],
    ['an account', { serviceAccountName: 'default' }, {}, 'a mirror pod may not reference service accounts'],
  ])('refuses mirror pods with %s', async (_name, spec, metadata, expected) => {
    expect((await refusal(createMirror(spec, metadata))).message).toBe(`pods "web" is forbidden: ${expected}`);
  });

  it.each<[string, Partial<OwnerReference>, RegExp]>([
    ['is no controller', { controller: false }, /can only create pods with a controller owner reference set to itself$/],
    ['blocks deletion', { blockOwnerDeletion: true }, /must not set blockOwnerDeletion on an owner reference$/],
    ['has an old UID', { uid: 'old' }, /node pi UID mismatch: expected old got /],
    ['is another kind', { kind: 'Pod' }, /can only create pods with an owner reference set to itself$/],
  ])('refuses an owner that %s', async (_name, wrong, expected) => {
    expect((await refusal(createMirror({}, { ownerReferences: [{ ...owner, ...wrong }] }))).message).toMatch(expected);
  });

  it('lets nodes neither steal claims nor taints, and other kinds alone', async () => {
    await test.client.resource(persistentVolumeClaims).create({ metadata: { name: 'c', namespace: 'default' }, spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } });
    const label = test.registry.of(persistentVolumeClaims).update(asNode(), { name: 'c', namespace: 'default', change: (claim) => ({ ...claim, metadata: { ...claim.metadata, labels: { a: 'b' } } }) });
    expect((await refusal(label)).message).toBe('persistentvolumeclaims "c" is forbidden: may only update PVC status');
    const taint = test.registry.of(nodes).update(asNode(), { name: 'pi', change: (node) => ({ ...node, metadata: { ...node.metadata, labels: { 'node-restriction.kubernetes.io/a': 'b' } }, spec: { ...node.spec, taints: [] } }) });
    expect((await refusal(taint)).message).toBe('nodes "pi" is forbidden: node "pi" is not allowed to modify taints');
    await test.registry.of(configMaps).create(asNode(), 'default', { metadata: { name: 'a' } });
  });
});
