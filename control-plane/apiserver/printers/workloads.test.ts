import { expect, it } from 'vitest';
import {
  controllerRevisions, cronJobs, daemonSets, horizontalPodAutoscalers, jobs, persistentVolumeClaims, persistentVolumes, podDisruptionBudgets, podTemplates, replicationControllers,
  resourceQuotas, statefulSets, type Resource,
} from '../../../api/resources.ts';
import { printerOf } from './printers.ts';

const now = Date.parse('2026-01-02T00:00:00Z');
const created = '2026-01-01T23:55:00Z';
const metadata = { name: 'x', creationTimestamp: created };
const template = { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'a', image: 'i' }, { name: 'b', image: 'j' }] } };
const selector = { matchLabels: { app: 'web' } };

it.each<[Resource, string]>([
  [statefulSets, 'Name Ready Age (Containers) (Images)'],
  [daemonSets, 'Name Desired Current Ready Up-to-date Available Node Selector Age (Containers) (Images) (Selector)'],
  [controllerRevisions, 'Name Controller Revision Age'],
  [replicationControllers, 'Name Desired Current Ready Age (Containers) (Images) (Selector)'],
  [podTemplates, 'Name Containers Images Pod Labels'],
  [jobs, 'Name Status Completions Duration Age (Containers) (Images) (Selector)'],
  [cronJobs, 'Name Schedule Timezone Suspend Active Last Schedule Age (Containers) (Images) (Selector)'],
  [horizontalPodAutoscalers, 'Name Reference Targets MinPods MaxPods Replicas Age'],
  [podDisruptionBudgets, 'Name Min Available Max Unavailable Allowed Disruptions Age'],
  [persistentVolumes, 'Name Capacity Access Modes Reclaim Policy Status Claim StorageClass VolumeAttributesClass Reason Age (VolumeMode)'],
  [persistentVolumeClaims, 'Name Status Volume Capacity Access Modes StorageClass VolumeAttributesClass Age (VolumeMode)'],
  [resourceQuotas, 'Name Request Limit Age'],
])('the columns of $kind are those of Kubernetes', (resource, expected) => {
  expect(printerOf(resource).columns.map(({ name, priority }) => (priority > 0 ? `(${name})` : name)).join(' ')).toBe(expected);
});

const ended = { startTime: '2026-01-01T23:55:00Z', completionTime: '2026-01-01T23:56:30Z', succeeded: 1, conditions: [{ type: 'Complete', status: 'True' }] };
const target = { type: 'Utilization', averageUtilization: 80 };
const autoscaler = (spec: object, currentMetrics: object[] = []) => ({ metadata, spec: { scaleTargetRef: { kind: 'Deployment', name: 'web' }, minReplicas: 1, maxReplicas: 5, ...spec }, status: { currentReplicas: 2, currentMetrics } });

it.each<[string, Resource, object, string]>([
  ['a StatefulSet', statefulSets, { metadata, spec: { replicas: 3, template }, status: { readyReplicas: 1 } }, 'x | 1/3 | 5m | a,b | i,j'],
  ['a DaemonSet', daemonSets, { metadata, spec: { selector, template: { spec: { ...template.spec, nodeSelector: { a: 'b' } } } }, status: { desiredNumberScheduled: 3, currentNumberScheduled: 2, numberReady: 1 } }, 'x | 3 | 2 | 1 | 0 | 0 | a=b | 5m | a,b | i,j | app=web'],
  ['a ControllerRevision', controllerRevisions, { metadata: { ...metadata, ownerReferences: [{ controller: true, apiVersion: 'apps/v1', kind: 'DaemonSet', name: 'log', uid: 'u' }] }, revision: 3 }, 'x | daemonset.apps/log | 3 | 5m'],
  ['a ControllerRevision of nobody', controllerRevisions, { metadata, revision: 1 }, 'x | <none> | 1 | 5m'],
  ['a ReplicationController', replicationControllers, { metadata, spec: { replicas: 2, selector: { app: 'web' }, template }, status: { replicas: 2, readyReplicas: 1 } }, 'x | 2 | 2 | 1 | 5m | a,b | i,j | app=web'],
  ['a PodTemplate', podTemplates, { metadata, template }, 'x | a,b | i,j | app=web'],
  ['a Job that is done', jobs, { metadata, spec: { completions: 1, template, selector }, status: ended }, 'x | Complete | 1/1 | 90s | 5m | a,b | i,j | app=web'],
  ['a Job that runs', jobs, { metadata, spec: { parallelism: 3, template }, status: { startTime: created } }, 'x | Running | 0/1 of 3 | 5m | 5m | a,b | i,j | <none>'],
  ['a Job that waits', jobs, { metadata, spec: { completions: 2, template }, status: { conditions: [{ type: 'Suspended', status: 'True' }] } }, 'x | Suspended | 0/2 |  | 5m | a,b | i,j | <none>'],
  ['a Job that goes', jobs, { metadata: { ...metadata, deletionTimestamp: created }, spec: { template } }, 'x | Terminating | 0/1 |  | 5m | a,b | i,j | <none>'],
  ['a CronJob', cronJobs, { metadata, spec: { schedule: '@hourly', suspend: false, jobTemplate: { spec: { template } } }, status: { active: [{}], lastScheduleTime: '2026-01-01T23:59:00Z' } }, 'x | @hourly | <none> | False | 1 | 60s | 5m | a,b | i,j | <none>'],
  ['an autoscaler', horizontalPodAutoscalers, autoscaler({ metrics: [{ type: 'Resource', resource: { name: 'cpu', target } }] }, [{ resource: { name: 'cpu', current: { averageUtilization: 12 } } }]), 'x | Deployment/web | cpu: 12%/80% | 1 | 5 | 2 | 5m'],
  ['an autoscaler that knows nothing yet', horizontalPodAutoscalers, autoscaler({ metrics: [
    { type: 'Pods', pods: { target: { averageValue: '10' } } }, { type: 'External', external: { target: { averageValue: '3' } } }, { type: 'Resource', resource: { name: 'memory', target } },
  ] }), 'x | Deployment/web | <unknown>/10, <unknown>/3 (avg) + 1 more... | 1 | 5 | 2 | 5m'],
  ['a budget', podDisruptionBudgets, { metadata, spec: { minAvailable: '50%' }, status: { disruptionsAllowed: 2 } }, 'x | 50% | N/A | 2 | 5m'],
  ['a volume', persistentVolumes, { metadata, spec: { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteMany', 'ReadWriteOnce'], persistentVolumeReclaimPolicy: 'Retain', claimRef: { namespace: 'n', name: 'c' }, storageClassName: 'fast', volumeMode: 'Filesystem' }, status: { phase: 'Bound' } }, 'x | 1Gi | RWO,RWX | Retain | Bound | n/c | fast | <unset> |  | 5m | Filesystem'],
  ['a claim that is bound', persistentVolumeClaims, { metadata, spec: { volumeName: 'v', storageClassName: 'fast', volumeMode: 'Block' }, status: { phase: 'Bound', accessModes: ['ReadWriteOncePod'], capacity: { storage: '2Gi' } } }, 'x | Bound | v | 2Gi | RWOP | fast | <unset> | 5m | Block'],
  ['a claim that waits', persistentVolumeClaims, { metadata, spec: {}, status: { phase: 'Pending' } }, 'x | Pending |  |  |  |  | <unset> | 5m | <unset>'],
  ['a quota', resourceQuotas, { metadata, status: { hard: { pods: '3', 'limits.cpu': '2', cpu: '1' }, used: { pods: '1', cpu: '500m' } } }, 'x | cpu: 500m/1, pods: 1/3 | limits.cpu: 0/2 | 5m'],
])('%s', (_title, resource, object, expected) => {
  const printer = printerOf(resource);
  const cells = printer.cells(object, now);
  expect(cells).toHaveLength(printer.columns.length);
  expect(cells.join(' | ')).toBe(expected);
});
