import { describe, expect, it } from 'vitest';
import type { ObjectMeta } from '../../../api/meta.ts';
import { blockingDependents, planCollection } from './plan-collection.ts';
import type { CollectionStep, OwnerState } from './plan-collection.ts';

const reference = (uid: string, blockOwnerDeletion = false) => ({ apiVersion: 'v1', kind: 'ConfigMap', name: uid, uid, blockOwnerDeletion });
const deleting = { deletionTimestamp: '2026-01-01T00:00:00Z' };

describe('planCollection', () => {
  const cases: { name: string; metadata?: ObjectMeta; owners?: OwnerState[]; dependents?: boolean; want: CollectionStep }[] = [
    { name: 'no owners', want: { do: 'nothing' } },
    { name: 'a living owner', owners: ['solid'], want: { do: 'nothing' } },
    { name: 'all owners gone', owners: ['absent', 'absent'], want: { do: 'delete', propagationPolicy: 'Background' } },
    { name: 'one of two gone', owners: ['absent', 'solid'], want: { do: 'drop-references', uids: ['u0'] } },
    { name: 'one waiting, one living', owners: ['solid', 'waiting'], want: { do: 'drop-references', uids: ['u1'] } },
    { name: 'the owner waits for it', owners: ['waiting'], want: { do: 'delete', propagationPolicy: 'Background' } },
    { name: 'and it has dependents itself', owners: ['waiting'], dependents: true, want: { do: 'delete', propagationPolicy: 'Foreground' } },
    { name: 'it asks to orphan', metadata: { finalizers: ['orphan'] }, owners: ['absent'], want: { do: 'delete', propagationPolicy: 'Orphan' } },
    { name: 'an owner that cannot be resolved', owners: ['absent', 'unresolvable'], want: { do: 'nothing' } },
    { name: 'being deleted already', metadata: deleting, owners: ['absent'], want: { do: 'nothing' } },
    { name: 'being deleted in the foreground', metadata: { ...deleting, finalizers: ['foregroundDeletion'] }, want: { do: 'finish-foreground' } },
    { name: 'being deleted without its dependents', metadata: { ...deleting, finalizers: ['orphan'] }, want: { do: 'orphan-dependents' } },
  ];
  it.each(cases)('$name', ({ metadata, owners = [], dependents = false, want }) => {
    const object = { metadata: { ...metadata, ownerReferences: owners.map((_owner, index) => reference(`u${index}`)) } };
    expect(planCollection(object, owners, dependents)).toEqual(want);
  });

  it('only dependents that say so block', () => {
    const dependents = [{ metadata: { name: 'a', ownerReferences: [reference('u', true)] } }, { metadata: { name: 'b', ownerReferences: [reference('u'), reference('v', true)] } }];
    expect(blockingDependents('u', dependents).map(({ metadata }) => metadata.name)).toEqual(['a']);
  });
});
