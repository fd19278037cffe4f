import { describe, expect, test } from 'vitest';
import { statefulSets } from '../../../../api/resources.ts';
import { refusal } from '../../testing/refusal.ts';
import { creationProblems, statusProblems, updateProblems, withDefaults } from '../../testing/strategy-problems.ts';
import { createTestRegistry } from '../../testing/test-registry.ts';
import { statefulSetStrategy as strategy } from './strategy.ts';

const claim = { metadata: { name: 'data' }, spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } };
const base = {
  serviceName: 'db', selector: { matchLabels: { app: 'db' } },
  template: { metadata: { labels: { app: 'db' } }, spec: { containers: [{ name: 'db', image: 'db:1', volumeMounts: [{ name: 'data', mountPath: '/data' }] }] } },
  volumeClaimTemplates: [claim],
};
const of = (spec: object) => ({ spec: { ...base, ...spec } });

test('defaults', () => {
  const { template: _, ...spec } = withDefaults(strategy, of({})).spec!;
  expect(spec).toEqual({
    serviceName: 'db', selector: base.selector, replicas: 1, revisionHistoryLimit: 10, podManagementPolicy: 'OrderedReady',
    updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } }, persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Retain' },
    volumeClaimTemplates: [{ apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name: 'data' }, spec: { ...claim.spec, volumeMode: 'Filesystem' }, status: { phase: 'Pending' } }],
  });
  expect(withDefaults(strategy, of({ updateStrategy: { type: 'OnDelete' } })).spec?.updateStrategy).toEqual({ type: 'OnDelete' });
});

describe('a StatefulSet', () => {
  test.each<[object, string[]]>([
    [{}, []],
    [{ replicas: -1, minReadySeconds: -2, ordinals: { start: -3 } }, ['spec.replicas: Invalid value: -1: must be greater than or equal to 0', 'spec.minReadySeconds: Invalid value: -2: must be greater than or equal to 0', 'spec.ordinals.start: Invalid value: -3: must be greater than or equal to 0']],
    [{ podManagementPolicy: 'Wild' }, ["spec.podManagementPolicy: Invalid value: \"Wild\": must be 'OrderedReady' or 'Parallel'"]],
    [{ updateStrategy: { type: 'Wild' } }, ["spec.updateStrategy: Invalid value: {\"Type\":\"Wild\",\"RollingUpdate\":null}: must be 'RollingUpdate' or 'OnDelete'"]],
    [{ updateStrategy: { type: 'OnDelete', rollingUpdate: { partition: 1 } } }, ["spec.updateStrategy.rollingUpdate: Invalid value: {\"partition\":1}: only allowed for updateStrategy 'RollingUpdate'"]],
    [{ updateStrategy: { rollingUpdate: { partition: -1, maxUnavailable: 0 } } }, ['spec.updateStrategy.rollingUpdate.partition: Invalid value: -1: must be greater than or equal to 0', 'spec.updateStrategy.rollingUpdate.maxUnavailable: Invalid value: 0: cannot be 0']],
    [{ persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Keep' } }, ['spec.persistentVolumeClaimRetentionPolicy.whenDeleted: Unsupported value: "Keep": supported values: "Retain", "Delete"']],
    [{ selector: {} }, ['spec.selector: Invalid value: {}: empty selector is invalid for statefulset']],
    [{ selector: { matchLabels: { app: 'x' } } }, ['spec.template.metadata.labels: Invalid value: {"app":"db"}: `selector` does not match template `labels`']],
    [{ template: { metadata: { labels: { app: 'db' } }, spec: { restartPolicy: 'Never', activeDeadlineSeconds: 3, containers: [{ name: 'db', image: 'x' }] } } }, ['spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"', 'spec.template.spec.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in StatefulSet is not Supported']],
    [{ volumeClaimTemplates: [{ metadata: { name: 'data' }, spec: { accessModes: ['ReadWriteOnce'] } }] }, ['spec.volumeClaimTemplates[0].spec.resources[storage]: Required value']],
    [{ volumeClaimTemplates: [] }, ['spec.template.spec.containers[0].volumeMounts[0].name: Not found: "data"']],
  ])('%.110j', (spec, expected) => expect(creationProblems(strategy, of(spec))).toEqual(expected));

  test('keeps what its pods are known by', () => {
    const free = { replicas: 3, minReadySeconds: 1, updateStrategy: { type: 'OnDelete' }, revisionHistoryLimit: 2, ordinals: { start: 1 }, persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Delete', whenScaled: 'Retain' } };
    expect(updateProblems(strategy, of(free), of({}))).toEqual([]);
    const message = "spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden";
    expect(updateProblems(strategy, of({ serviceName: 'other' }), of({}))).toEqual([message]);
    expect(updateProblems(strategy, of({ podManagementPolicy: 'Parallel' }), of({}))).toEqual([message]);
  });

  test('has a status that adds up', () => {
    expect(statusProblems(strategy, { replicas: 2, readyReplicas: 1, availableReplicas: 2, collisionCount: 0 }, { status: { collisionCount: 1 } })).toEqual([
      'status.availableReplicas: Invalid value: 2: cannot be greater than status.readyReplicas', 'status.collisionCount: Invalid value: 0: cannot be decremented',
    ]);
    expect(statusProblems(strategy, { replicas: 1, updatedReplicas: 2 })).toEqual(['status.updatedReplicas: Invalid value: 2: cannot be greater than status.replicas']);
  });

  test('is named as a label, because its pods are, and is scaled', async () => {
    const { registry, context } = await createTestRegistry();
    const store = registry.of(statefulSets);
    expect((await refusal(store.create(context, 'default', { metadata: { name: 'a.b' }, ...of({}) }))).status.message).toMatch(/metadata\.name: Invalid value: "a\.b": a lowercase RFC 1123 label/);
    const created = await store.create(context, 'default', { metadata: { name: 'db' }, ...of({}), status: { replicas: 7 } });
    expect([created.status, created.metadata?.generation]).toEqual([{ replicas: 0, availableReplicas: 0 }, 1]);
    const scaled = await store.update(context, { name: 'db', namespace: 'default', subresource: 'scale', change: (set) => ({ ...set, spec: { ...set.spec!, replicas: 4 } }) });
    expect([scaled.spec?.replicas, scaled.metadata?.generation]).toEqual([4, 2]);
  });
});
