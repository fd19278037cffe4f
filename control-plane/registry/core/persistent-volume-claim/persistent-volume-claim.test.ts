import { describe, expect, test } from 'vitest';
import { persistentVolumeClaims } from '../../../../api/resources.ts';
import { creationProblems, statusProblems, updateProblems, withDefaults } from '../../testing/strategy-problems.ts';
import { createTestRegistry } from '../../testing/test-registry.ts';
import { persistentVolumeClaimStrategy as strategy } from './strategy.ts';

const base = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '2Gi' } } };
const of = (spec: object, rest: object = {}) => ({ spec: { ...base, ...spec }, ...rest });
const sized = (storage: string) => ({ resources: { requests: { storage } } });
const bound = { status: { phase: 'Bound', capacity: { storage: '2Gi' } } };
const fixed = 'spec: Forbidden: spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims';

test('defaults', () => {
  expect(withDefaults(strategy, of({}))).toEqual({ spec: { ...base, volumeMode: 'Filesystem' }, status: { phase: 'Pending' } });
});

describe('a PersistentVolumeClaim', () => {
  test.each<[object, string[]]>([
    [of({ storageClassName: '', volumeMode: 'Block' }), []],
    [{}, ['spec.accessModes: Required value: at least 1 access mode is required', 'spec.resources[storage]: Required value']],
    [of({ accessModes: ['ReadWriteOnce', 'ReadWriteOncePod', 'Sometimes'] }), ['spec.accessModes: Unsupported value: "Sometimes": supported values: "ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"', 'spec.accessModes: Forbidden: may not use ReadWriteOncePod with other access modes']],
    [of(sized('0')), ['spec.resources[storage]: Invalid value: "0": must be greater than zero']],
    [of({ volumeMode: 'Tape' }), ['spec.volumeMode: Unsupported value: "Tape": supported values: "Block", "Filesystem"']],
    [of({ dataSource: { kind: 'Snapshot', name: 'x' } }), ["spec.dataSource: Invalid value: \"Snapshot\": must be 'PersistentVolumeClaim' when referencing the default apiGroup"]],
  ])('%.110j', (claim, expected) => expect(creationProblems(strategy, claim)).toEqual(expected));

  test('is bound once, and gets a class while it has none', () => {
    expect(updateProblems(strategy, of({ volumeName: 'v', storageClassName: 'fast' }), of({}))).toEqual([]);
    expect(updateProblems(strategy, of({ volumeName: 'w' }), of({ volumeName: 'v' }))).toEqual([`${fixed}\n  changed: spec.volumeName`]);
    expect(updateProblems(strategy, of({ storageClassName: 'slow' }), of({ storageClassName: 'fast' }))).toEqual([`${fixed}\n  changed: spec.storageClassName`]);
    expect(updateProblems(strategy, of({ volumeMode: 'Block' }), of({}))).toEqual([`${fixed}\n  changed: spec.volumeMode`, 'volumeMode: Invalid value: "Block": field is immutable']);
  });

  test('grows when it is bound, and never below what it has', () => {
    expect(updateProblems(strategy, of(sized('3Gi'), bound), of({}, bound))).toEqual([]);
    expect(updateProblems(strategy, of(sized('3Gi')), of({}))).toEqual([`${fixed}\n  changed: spec.resources`]);
    expect(updateProblems(strategy, of(sized('1Gi'), bound), of({}, bound))).toEqual(['spec.resources.requests.storage: Forbidden: field can not be less than status.capacity']);
    // A growth that failed is taken back.
    expect(updateProblems(strategy, of(sized('3Gi'), bound), of(sized('9Gi'), bound))).toEqual([]);
  });

  test('has a status of storage', () => {
    expect(statusProblems(strategy, { capacity: { storage: '-1' }, allocatedResourceStatuses: { cpu: 'Maybe' } }, of({}))).toEqual([
      'status.capacity[storage]: Invalid value: -1: must be a valid resource quantity', 'status.allocatedResourceStatus: Unsupported value: "cpu": supported values: "storage"',
      expect.stringMatching(/^status\.allocatedResourceStatus: Unsupported value: "cpu": supported values: "ControllerResizeInProgress"/),
    ]);
  });

  test('says its source in both fields', async () => {
    const { registry, context } = await createTestRegistry();
    const source = { kind: 'PersistentVolumeClaim', name: 'other' };
    const claim = await registry.of(persistentVolumeClaims).create(context, 'default', { metadata: { name: 'c' }, ...of({ dataSource: source }), status: { phase: 'Bound' } });
    expect([claim.spec?.dataSourceRef, claim.status, claim.metadata?.generation]).toEqual([source, { phase: 'Pending' }, undefined]);
  });
});
