import type { ContainerStatus, Pod } from '../../../api/core.ts';
import { age, humanDuration } from './human-duration.ts';
import { none } from './labels.ts';
import { ageColumn, column, nameColumn, wideColumn, type Printer } from './printer.ts';

export const podPrinter: Printer<Pod> = {
  columns: [
    nameColumn,
    column('Ready', { description: 'The aggregate readiness state of this pod for accepting traffic.' }),
    column('Status', { description: 'The aggregate status of the containers in this pod.' }),
    column('Restarts', { description: 'The number of times the containers in this pod have been restarted and when the last container in this pod has restarted.' }),
    ageColumn,
    wideColumn('IP', 'IP address of the pod.'),
    wideColumn('Node', 'The node the pod runs on.'),
    wideColumn('Nominated Node', 'The node that resources were freed on for this pod.'),
    wideColumn('Readiness Gates', 'How many readiness gates are open.'),
  ],
  cells(pod, now) {
    const summary = summarize(pod);
    const restarts = summary.restarts !== 0 && summary.lastRestart > 0
      ? `${summary.restarts} (${humanDuration(now - summary.lastRestart)} ago)`
      : String(summary.restarts);
    return [
      pod.metadata?.name ?? '', `${summary.ready}/${summary.total}`, summary.reason, restarts, age(pod.metadata?.creationTimestamp, now),
      pod.status?.podIPs?.[0]?.ip || pod.status?.podIP || none, pod.spec?.nodeName || none, pod.status?.nominatedNodeName || none, readinessGates(pod),
    ];
  },
};

interface Summary {
  reason: string;
  ready: number;
  total: number;
  restarts: number;
  /** Milliseconds since the epoch, 0 for never. */
  lastRestart: number;
}

/** The one word that kubectl shows for a pod. Follows printPod of Kubernetes' pkg/printers/internalversion. */
function summarize(pod: Pod): Summary {
  const sidecars = new Set((pod.spec?.initContainers ?? []).filter((container) => (container as { restartPolicy?: string }).restartPolicy === 'Always').map((container) => container.name));
  const summary: Summary = {
    reason: pod.status?.reason || pod.status?.phase || '',
    ready: 0, total: (pod.spec?.containers.length ?? 0) + sidecars.size, restarts: 0, lastRestart: 0,
  };
  if (condition(pod, 'PodScheduled')?.reason === 'SchedulingGated') summary.reason = 'SchedulingGated';
  const initializing = summarizeInitContainers(pod, sidecars, summary);
  if (!initializing || condition(pod, 'Initialized')?.status === 'True') {
    // Restarts before the pod was initialized are history, except those of containers that still run.
    summary.restarts = 0;
    summary.lastRestart = 0;
    for (const status of pod.status?.initContainerStatuses ?? []) if (sidecars.has(status.name)) countRestarts(status, summary);
    summarizeContainers(pod, summary);
  }
  if (pod.metadata?.deletionTimestamp !== undefined) {
    const phase = pod.status?.phase;
    if (pod.status?.reason === 'NodeLost') summary.reason = 'Unknown';
    else if (phase !== 'Succeeded' && phase !== 'Failed') summary.reason = 'Terminating';
  }
  return summary;
}

/** @returns whether one of them is not done. */
function summarizeInitContainers(pod: Pod, sidecars: ReadonlySet<string>, summary: Summary): boolean {
  for (const [index, status] of (pod.status?.initContainerStatuses ?? []).entries()) {
    countRestarts(status, summary);
    const { terminated, waiting } = status.state ?? {};
    if (terminated?.exitCode === 0) continue;
    if (sidecars.has(status.name) && status.started) {
      if (status.ready) summary.ready += 1;
      continue;
    }
    if (terminated) summary.reason = `Init:${terminated.reason || endOf(terminated)}`;
    else if (waiting?.reason && waiting.reason !== 'PodInitializing') summary.reason = `Init:${waiting.reason}`;
    else summary.reason = `Init:${index}/${pod.spec?.initContainers?.length ?? 0}`;
    return true;
  }
  return false;
}

function summarizeContainers(pod: Pod, summary: Summary): void {
  let running = false;
  for (const status of [...(pod.status?.containerStatuses ?? [])].reverse()) {
    countRestarts(status, summary);
    const { waiting, terminated } = status.state ?? {};
    if (waiting?.reason) summary.reason = waiting.reason;
    else if (terminated) summary.reason = terminated.reason || endOf(terminated);
    else if (status.ready && status.state?.running) {
      running = true;
      summary.ready += 1;
    }
  }
  if (summary.reason === 'Completed' && running) summary.reason = condition(pod, 'Ready')?.status === 'True' ? 'Running' : 'NotReady';
}

function countRestarts(status: ContainerStatus, summary: Summary): void {
  summary.restarts += status.restartCount;
  const finished = Date.parse(status.lastState?.terminated?.finishedAt ?? '');
  if (finished > summary.lastRestart) summary.lastRestart = finished;
}

function endOf(terminated: { exitCode: number; signal?: number }): string {
  return terminated.signal ? `Signal:${terminated.signal}` : `ExitCode:${terminated.exitCode}`;
}

function condition(pod: Pod, type: string) {
  return pod.status?.conditions?.find((candidate) => candidate.type === type);
}

function readinessGates(pod: Pod): string {
  const gates = pod.spec?.readinessGates ?? [];
  if (gates.length === 0) return none;
  const open = gates.filter((gate) => condition(pod, gate.conditionType)?.status === 'True').length;
  return `${open}/${gates.length}`;
}
