/** Deployments and ReplicaSets. */
import type { Deployment, ReplicaSet } from '../../../api/apps.ts';
import type { PodTemplateSpec } from '../../../api/core.ts';
import type { LabelSelector } from '../../../api/meta.ts';
import { age } from './human-duration.ts';
import { formatImages, formatLabelSelector, formatNames } from './labels.ts';
import { ageColumn, column, nameColumn, wideColumn, type Cell, type Printer } from './printer.ts';

const templateColumns = [
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
