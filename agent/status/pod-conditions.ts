/** The conditions the agent owns, with kubelet's reasons and messages. Pure. Follows pkg/kubelet/status/generate.go. */
import type { ContainerStatus, Pod, PodCondition } from '../../api/core.ts';
import { timestamp } from '../../machinery/clock.ts';
import { isSidecar } from '../pods/restart-policy.ts';
import type { PodPhase } from './pod-phase.ts';

export interface ConditionInput {
  pod: Pod;
  phase: PodPhase;
  initStatuses: readonly ContainerStatus[];
  statuses: readonly ContainerStatus[];
  /** The sandbox runs and has its network. */
  sandboxReady: boolean;
  /** Conditions reported before. Those of others are in the pod's status as the API has it. */
  previous: readonly PodCondition[];
  now: number;
}

interface Verdict {
  status: 'True' | 'False';
  reason?: string;
  message?: string;
}

const yes: Verdict = { status: 'True' };

/** @returns the agent's conditions, and after them those of others as they were. */
export function podConditions(input: ConditionInput): PodCondition[] {
  const containersReady = containersReadyVerdict(input);
  const own: [string, Verdict][] = [
    ['PodReadyToStartContainers', input.sandboxReady ? yes : { status: 'False' }],
    ['Initialized', initializedVerdict(input)],
    ['Ready', readyVerdict(input, containersReady)],
    ['ContainersReady', containersReady],
  ];
  const names = new Set(own.map(([type]) => type));
  const others = (input.pod.status?.conditions ?? []).filter((condition) => !names.has(condition.type));
  // A pod that got here is scheduled, whoever wrote it down.
  const scheduled: [string, Verdict][] = others.some((condition) => condition.type === 'PodScheduled') ? [] : [['PodScheduled', yes]];
  return [...[...own, ...scheduled].map(([type, verdict]) => toCondition(type, verdict, input)), ...others];
}

function toCondition(type: string, verdict: Verdict, { previous, now }: ConditionInput): PodCondition {
  const before = previous.find((condition) => condition.type === type);
  const unchanged = before?.status === verdict.status;
  return {
    type,
    ...verdict,
    lastProbeTime: null as unknown as string,
    lastTransitionTime: unchanged && before.lastTransitionTime ? before.lastTransitionTime : timestamp(now),
  };
}

/** Names as Go prints a list: `[a b]`. */
function list(names: readonly string[]): string {
  return `[${names.join(' ')}]`;
}

function initializedVerdict({ pod, phase, initStatuses, statuses }: ConditionInput): Verdict {
  if (phase === 'Succeeded') return { status: 'True', reason: 'PodCompleted' };
  // Containers of the pod run only after all init containers were through.
  if (statuses.some((status) => status.state?.running !== undefined || status.lastState?.terminated !== undefined)) return yes;
  const incomplete = (pod.spec?.initContainers ?? []).filter((container) => {
    const status = initStatuses.find((other) => other.name === container.name);
    return isSidecar(container) ? status?.started !== true : status?.state?.terminated?.exitCode !== 0;
  });
  if (incomplete.length === 0) return yes;
  return { status: 'False', reason: 'ContainersNotInitialized', message: `containers with incomplete status: ${list(incomplete.map((container) => container.name))}` };
}

function containersReadyVerdict({ pod, phase, initStatuses, statuses }: ConditionInput): Verdict {
  if (phase === 'Succeeded') return { status: 'False', reason: 'PodCompleted' };
  if (phase === 'Failed') return { status: 'False', reason: 'PodFailed' };
  const sidecars = (pod.spec?.initContainers ?? []).filter(isSidecar).map((container) => [container.name, initStatuses] as const);
  const containers = (pod.spec?.containers ?? []).map((container) => [container.name, statuses] as const);
  const unready = [...sidecars, ...containers].filter(([name, among]) => !among.some((status) => status.name === name && status.ready)).map(([name]) => name);
  if (unready.length === 0) return yes;
  return { status: 'False', reason: 'ContainersNotReady', message: `containers with unready status: ${list(unready)}` };
}

function readyVerdict({ pod }: ConditionInput, containersReady: Verdict): Verdict {
  if (containersReady.status === 'False') return containersReady;
  const messages = (pod.spec?.readinessGates ?? []).flatMap(({ conditionType }) => {
    const condition = pod.status?.conditions?.find((other) => other.type === conditionType);
    if (!condition) return [`corresponding condition of pod readiness gate "${conditionType}" does not exist.`];
    if (condition.status === 'True') return [];
    return [`the status of pod readiness gate "${conditionType}" is not "True", but ${condition.status}`];
  });
  return messages.length === 0 ? yes : { status: 'False', reason: 'ReadinessGatesNotReady', message: messages.join(', ') };
}
