/** The kinds that keep pods running. */
import type { ControllerRevision, DaemonSet, Deployment, ReplicaSet, StatefulSet } from '../../../api/apps.ts';
import type { PodTemplate, PodTemplateSpec, ReplicationController } from '../../../api/core.ts';
import { controllerOf, type LabelSelector } from '../../../api/meta.ts';
import { age } from './human-duration.ts';
import { formatImages, formatLabels, formatLabelSelector, formatNames, none } from './labels.ts';
import { ageColumn, column, nameColumn, wideColumn, type Cell, type Printer } from './printer.ts';

export const templateColumns = [
  wideColumn('Containers', 'Names of each container in the template.'),
  wideColumn('Images', 'Images referenced by each container in the template.'),
  wideColumn('Selector', 'Which pods belong to it.'),
];

function templateCells(spec: { template?: PodTemplateSpec; selector?: LabelSelector } | undefined): Cell[] {
  const containers = spec?.template?.spec?.containers;
  return [formatNames(containers), formatImages(containers), formatLabelSelector(spec?.selector)];
}

export const deploymentPrinter: Printer<Deployment> = {
  columns: [
    nameColumn,
    column('Ready', { description: 'Number of the pod with ready state' }),
    column('Up-to-date', { description: 'Pods that have the desired template.' }),
    column('Available', { description: 'Pods that have been ready for minReadySeconds.' }),
    ageColumn,
    ...templateColumns,
  ],
  cells: ({ metadata, spec, status }, now) => [
    metadata?.name ?? '', `${status?.readyReplicas ?? 0}/${spec?.replicas ?? 0}`, status?.updatedReplicas ?? 0, status?.availableReplicas ?? 0,
    age(metadata?.creationTimestamp, now), ...templateCells(spec),
  ],
};

export const replicaSetPrinter: Printer<ReplicaSet> = {
  columns: [
    nameColumn,
    column('Desired', { type: 'integer', description: 'Pods there should be.' }),
    column('Current', { type: 'integer', description: 'Pods there are.' }),
    column('Ready', { type: 'integer', description: 'Pods that are ready.' }),
    ageColumn,
    ...templateColumns,
  ],
  cells: ({ metadata, spec, status }, now) => [
    metadata?.name ?? '', spec?.replicas ?? 0, status?.replicas ?? 0, status?.readyReplicas ?? 0, age(metadata?.creationTimestamp, now), ...templateCells(spec),
  ],
};

export const statefulSetPrinter: Printer<StatefulSet> = {
  columns: [nameColumn, column('Ready', { description: 'Number of the pod with ready state' }), ageColumn, ...templateColumns.slice(0, 2)],
  cells: ({ metadata, spec, status }, now) => [
    metadata?.name ?? '', `${status?.readyReplicas ?? 0}/${spec?.replicas ?? 0}`, age(metadata?.creationTimestamp, now), ...templateCells(spec).slice(0, 2),
  ],
};

export const daemonSetPrinter: Printer<DaemonSet> = {
  columns: [
    nameColumn,
    column('Desired', { type: 'integer', description: 'Nodes that should run the pod.' }),
    column('Current', { type: 'integer', description: 'Nodes that have the pod and should.' }),
    column('Ready', { type: 'integer', description: 'Nodes whose pod is ready.' }),
    column('Up-to-date', { type: 'integer', description: 'Nodes that run the newest template.' }),
    column('Available', { type: 'integer', description: 'Nodes whose pod has been ready for minReadySeconds.' }),
    column('Node Selector', { description: 'Labels of the nodes that should run the pod.' }),
    ageColumn,
    ...templateColumns,
  ],
  cells: ({ metadata, spec, status }, now) => [
    metadata?.name ?? '', status?.desiredNumberScheduled ?? 0, status?.currentNumberScheduled ?? 0, status?.numberReady ?? 0, status?.updatedNumberScheduled ?? 0,
    status?.numberAvailable ?? 0, formatLabels(spec?.template.spec?.nodeSelector), age(metadata?.creationTimestamp, now), ...templateCells(spec),
  ],
};

export const controllerRevisionPrinter: Printer<ControllerRevision> = {
  columns: [
    nameColumn,
    column('Controller', { description: 'Controller of the object' }),
    column('Revision', { description: 'Number of the state that it holds.' }),
    ageColumn,
  ],
  cells(revision, now) {
    const owner = controllerOf(revision);
    const group = owner?.apiVersion.includes('/') ? `.${owner.apiVersion.split('/')[0]}` : '';
    const controller = owner ? `${owner.kind}${group}`.toLowerCase() + `/${owner.name}` : none;
    return [revision.metadata?.name ?? '', controller, revision.revision, age(revision.metadata?.creationTimestamp, now)];
  },
};

export const replicationControllerPrinter: Printer<ReplicationController> = {
  columns: replicaSetPrinter.columns,
  cells: ({ metadata, spec, status }, now) => [
    metadata?.name ?? '', spec?.replicas ?? 0, status?.replicas ?? 0, status?.readyReplicas ?? 0, age(metadata?.creationTimestamp, now),
    formatNames(spec?.template?.spec?.containers), formatImages(spec?.template?.spec?.containers), formatLabels(spec?.selector),
  ],
};

export const podTemplatePrinter: Printer<PodTemplate> = {
  columns: [
    nameColumn,
    column('Containers', { description: 'Names of each container in the template.' }),
    column('Images', { description: 'Images referenced by each container in the template.' }),
    column('Pod Labels', { description: 'The labels for the pod template.' }),
  ],
  cells: ({ metadata, template }) => [
    metadata?.name ?? '', formatNames(template?.spec?.containers), formatImages(template?.spec?.containers), formatLabels(template?.metadata?.labels),
  ],
};
