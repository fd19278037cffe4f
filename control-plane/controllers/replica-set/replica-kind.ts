/** What tells a ReplicaSet from a ReplicationController, which is the same under an older name: the form of its selector. */
import type { ReplicaSet, ReplicaSetStatus } from '../../../api/apps.ts';
import { selectorFromLabelSelector, selectorFromMap, type Selector } from '../../../api/labels.ts';
import { replicaSets, replicationControllers, type Resource } from '../../../api/resources.ts';
import type { ReplicaSetStatusWithTerminating } from './replica-set-status.ts';

export interface ReplicaKind {
  /** Of the controller. */
  name: string;
  resource: Resource<ReplicaSet>;
  /** Source of its events. */
  component: string;
  /** undefined where the object selects nothing. */
  selectorOf: (object: ReplicaSet) => Selector | undefined;
  /** Without the fields that the kind does not have. */
  statusOf: (status: ReplicaSetStatusWithTerminating) => ReplicaSetStatus;
}

export const replicaSetKind: ReplicaKind = {
  name: 'replica-set', resource: replicaSets, component: 'replicaset-controller',
  selectorOf: ({ spec }) => selectorFromLabelSelector(spec?.selector), statusOf: (status) => status,
};

export const replicationControllerKind: ReplicaKind = {
  name: 'replication-controller',
  // Field by field the same, but for the selector, which only `selectorOf` reads.
  resource: replicationControllers as unknown as Resource<ReplicaSet>,
  component: 'replication-controller',
  selectorOf: ({ spec }) => {
    const labels = spec?.selector as unknown as Record<string, string> | undefined;
    return labels && Object.keys(labels).length > 0 ? selectorFromMap(labels) : undefined;
  },
  statusOf: ({ terminatingReplicas: _absent, ...status }) => status,
};
