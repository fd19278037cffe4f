import { describe, expect, test } from 'vitest';
import { creationProblems, updateProblems, withDefaults } from '../../testing/strategy-problems.ts';
import { persistentVolumeStrategy as strategy } from './strategy.ts';

const base = { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], hostPath: { path: '/data' } };
const of = (spec: object) => ({ spec: { ...base, ...spec } });
const without = { hostPath: undefined };
const affinity = { required: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'a', operator: 'Exists' }] }] } };

test('defaults', () => {
  expect(withDefaults(strategy, of({}))).toEqual({ spec: { ...base, hostPath: { path: '/data', type: '' }, persistentVolumeReclaimPolicy: 'Retain', volumeMode: 'Filesystem' }, status: { phase: 'Pending' } });
});

describe('a PersistentVolume', () => {
  test.each<[object, string[]]>([
    [of({}), []],
    [of({ ...without, local: { path: '/mnt' }, nodeAffinity: affinity }), []],
    [of({ ...without, local: { path: '/mnt' } }), ['spec.nodeAffinity: Required value: Local volume requires node affinity']],
    [of({ ...without, local: { path: '/mnt' }, nodeAffinity: {} }), ['spec.nodeAffinity.required: Required value: must specify required node constraints']],
    [of({ capacity: { storage: '-1500m' } }), ['spec.capacity[storage]: Invalid value: -2: must be a valid resource quantity', 'spec.capacity[storage]: Invalid value: "-1500m": must be greater than zero']],
    [of({ ...without, nfs: { server: 's', path: 'x' } }), ['spec.nfs.path: Invalid value: "x": must be an absolute path']],
    [of({ ...without, csi: { driver: 'd.example', nodePublishSecretRef: { name: 's' } } }), ['spec.csi.volumeHandle: Required value', 'spec.csi.nodePublishSecretRef.namespace: Required value']],
    [of(without), ['spec: Required value: must specify a volume type']],
    [of({ nfs: { server: 's', path: '/x' } }), ['spec.nfs: Forbidden: may not specify more than 1 volume type']],
    [of({ accessModes: [] }), ['spec.accessModes: Required value']],
    [of({ capacity: {} }), ['spec.capacity: Required value', 'spec.capacity: Unsupported value: {}: supported values: "storage"']],
    [of({ capacity: { storage: '0' } }), ['spec.capacity[storage]: Invalid value: "0": must be greater than zero']],
    [of({ persistentVolumeReclaimPolicy: 'Burn' }), ['spec.persistentVolumeReclaimPolicy: Unsupported value: "Burn": supported values: "Delete", "Recycle", "Retain"']],
    [of({ persistentVolumeReclaimPolicy: 'Recycle', hostPath: { path: '/' } }), ["spec.persistentVolumeReclaimPolicy: Forbidden: may not be 'recycle' for a hostPath mount of '/'"]],
    [of({ volumeAttributesClassName: 'gold' }), ['spec.csi: Required value: has to be specified when using volumeAttributesClassName']],
  ])('%.110j', (volume, expected) => expect(creationProblems(strategy, volume)).toEqual(expected));

  test('stays where its data is', () => {
    expect(updateProblems(strategy, of({ persistentVolumeReclaimPolicy: 'Delete', claimRef: { name: 'c' }, nodeAffinity: affinity }), of({}))).toEqual([]);
    expect(updateProblems(strategy, of({ hostPath: { path: '/other' } }), of({}))).toEqual(['spec.persistentvolumesource: Forbidden: spec.persistentvolumesource is immutable after creation\n  changed: spec.hostPath']);
    expect(updateProblems(strategy, of({ volumeMode: 'Block' }), of({ nodeAffinity: affinity }))).toEqual(['volumeMode: Invalid value: "Block": field is immutable', 'nodeAffinity: Invalid value: null: field is immutable']);
  });
});
