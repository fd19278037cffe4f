/** Jobs, CronJobs, and what disturbs pods: HorizontalPodAutoscalers and PodDisruptionBudgets. */
import type { HorizontalPodAutoscaler, MetricSpec } from '../../../api/autoscaling.ts';
import type { CronJob, Job } from '../../../api/batch.ts';
import type { PodDisruptionBudget } from '../../../api/policy.ts';
import { age, humanDuration } from './human-duration.ts';
import { formatImages, formatLabelSelector, formatNames, none } from './labels.ts';
import { ageColumn, column, nameColumn, type Printer } from './printer.ts';
import { templateColumns } from './workloads.ts';

const unknown = '<unknown>';

export const jobPrinter: Printer<Job> = {
  columns: [
    nameColumn,
    column('Status', { description: 'Status of the job.' }),
    column('Completions', { description: 'Pods that succeeded, of those that must.' }),
    column('Duration', { description: 'Time required to complete the job.' }),
    ageColumn,
    ...templateColumns,
  ],
  cells: (job, now) => [
    job.metadata?.name ?? '', statusOf(job), completionsOf(job), durationOf(job, now), age(job.metadata?.creationTimestamp, now),
    formatNames(job.spec?.template.spec?.containers), formatImages(job.spec?.template.spec?.containers), formatLabelSelector(job.spec?.selector),
  ],
};

function statusOf({ metadata, status }: Job): string {
  const holds = (type: string) => status?.conditions?.some((condition) => condition.type === type && condition.status === 'True') === true;
  if (holds('Complete')) return 'Complete';
  if (holds('Failed')) return 'Failed';
  if (metadata?.deletionTimestamp !== undefined) return 'Terminating';
  return ['Suspended', 'FailureTarget', 'SuccessCriteriaMet'].find(holds) ?? 'Running';
}

function completionsOf({ spec, status }: Job): string {
  const succeeded = status?.succeeded ?? 0;
  if (spec?.completions !== undefined) return `${succeeded}/${spec.completions}`;
  const parallelism = spec?.parallelism ?? 0;
  return parallelism > 1 ? `${succeeded}/1 of ${parallelism}` : `${succeeded}/1`;
}

function durationOf({ status }: Job, now: number): string {
  if (status?.startTime === undefined) return '';
  const end = status.completionTime === undefined ? now : Date.parse(status.completionTime);
  return humanDuration(end - Date.parse(status.startTime));
}

export const cronJobPrinter: Printer<CronJob> = {
  columns: [
    nameColumn,
    column('Schedule', { description: 'When a job is to begin.' }),
    column('Timezone', { description: 'Whose clock the schedule is by.' }),
    column('Suspend', { type: 'boolean', description: 'Whether no jobs begin at the moment.' }),
    column('Active', { type: 'integer', description: 'Jobs that are running.' }),
    column('Last Schedule', { description: 'When a job began last.' }),
    ageColumn,
    ...templateColumns,
  ],
  cells({ metadata, spec, status }, now) {
    const job = spec?.jobTemplate.spec;
    const suspend = spec?.suspend === undefined ? '<unset>' : spec.suspend ? 'True' : 'False';
    return [
      metadata?.name ?? '', spec?.schedule ?? '', spec?.timeZone ?? none, suspend, status?.active?.length ?? 0,
      status?.lastScheduleTime === undefined ? none : age(status.lastScheduleTime, now), age(metadata?.creationTimestamp, now),
      formatNames(job?.template.spec?.containers), formatImages(job?.template.spec?.containers), formatLabelSelector(job?.selector),
    ];
  },
};

export const horizontalPodAutoscalerPrinter: Printer<HorizontalPodAutoscaler> = {
  columns: [
    nameColumn,
    column('Reference', { description: 'What is scaled.' }),
    column('Targets', { description: 'What is measured, and what it should be.' }),
    column('MinPods', { description: 'The fewest pods.' }),
    column('MaxPods', { description: 'The most pods.' }),
    column('Replicas', { description: 'Pods that the autoscaler saw last.' }),
    ageColumn,
  ],
  cells: (autoscaler, now) => {
    const { metadata, spec, status } = autoscaler;
    return [
      metadata?.name ?? '', `${spec?.scaleTargetRef.kind ?? ''}/${spec?.scaleTargetRef.name ?? ''}`, formatMetrics(autoscaler),
      spec?.minReplicas === undefined ? '<unset>' : String(spec.minReplicas), spec?.maxReplicas ?? 0, status?.currentReplicas ?? 0, age(metadata?.creationTimestamp, now),
    ];
  },
};

/** Metrics that the cell shows before it counts the rest. */
const shownMetrics = 2;

interface Measured {
  name?: string;
  target?: Amounts;
  current?: Amounts;
}

interface Amounts {
  value?: string;
  averageValue?: string;
  averageUtilization?: number;
}

function formatMetrics({ spec, status }: HorizontalPodAutoscaler): string {
  const metrics = spec?.metrics ?? [];
  if (metrics.length === 0) return none;
  const texts = metrics.slice(0, shownMetrics).map((metric, index) => formatMetric(metric, (status?.currentMetrics ?? [])[index] ?? {}));
  const more = metrics.length - texts.length;
  return more > 0 ? `${texts.join(', ')} + ${more} more...` : texts.join(', ');
}

function formatMetric(metric: MetricSpec, current: object): string {
  const now = current as Partial<Record<keyof MetricSpec, Measured>>;
  switch (metric.type) {
    case 'External': return formatPerPodOrWhole(metric.external, now.external);
    case 'Object': return formatPerPodOrWhole(metric.object, now.object);
    case 'Pods': return `${now.pods?.current?.averageValue ?? unknown}/${metric.pods?.target.averageValue ?? ''}`;
    case 'Resource': return formatResource(metric.resource, now.resource);
    case 'ContainerResource': return formatResource(metric.containerResource, now.containerResource);
    default: return '<unknown type>';
  }
}

function formatPerPodOrWhole(wanted: Measured | undefined, now: Measured | undefined): string {
  const { value, averageValue } = wanted?.target ?? {};
  return averageValue === undefined ? `${now?.current?.value ?? unknown}/${value ?? ''}` : `${now?.current?.averageValue ?? unknown}/${averageValue} (avg)`;
}

function formatResource(wanted: Measured | undefined, now: Measured | undefined): string {
  const name = wanted?.name ?? '';
  const { averageValue, averageUtilization } = wanted?.target ?? {};
  if (averageValue !== undefined) return `${name}: ${now?.current?.averageValue ?? unknown}/${averageValue}`;
  const percent = (share: number | undefined, otherwise: string) => (share === undefined ? otherwise : `${share}%`);
  return `${name}: ${percent(now?.current?.averageUtilization, unknown)}/${percent(averageUtilization, '<auto>')}`;
}

export const podDisruptionBudgetPrinter: Printer<PodDisruptionBudget> = {
  columns: [
    nameColumn,
    column('Min Available', { description: 'The minimum number of pods that must be available.' }),
    column('Max Unavailable', { description: 'The maximum number of pods that may be unavailable.' }),
    column('Allowed Disruptions', { type: 'integer', description: 'Calculated number of pods that may be disrupted at this time.' }),
    ageColumn,
  ],
  cells: ({ metadata, spec, status }, now) => [
    metadata?.name ?? '', String(spec?.minAvailable ?? 'N/A'), String(spec?.maxUnavailable ?? 'N/A'), status?.disruptionsAllowed ?? 0, age(metadata?.creationTimestamp, now),
  ],
};
