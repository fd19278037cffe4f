/** The status of a pod, from its spec and what the engine and the probes say. Pure: whoever calls compares and reports. */
import type { Container, ContainerStatus, Pod, PodStatus } from '../../api/core.ts';
import { timestamp } from '../../machinery/clock.ts';
import type { ContainerKind, RuntimePod } from '../container-runtime/container-runtime.ts';
import type { BackOffWait } from '../pods/container-back-off.ts';
import { runningSandbox } from '../pods/pod-actions.ts';
import { formatPod, isHostNetwork, isTerminalPhase } from '../pods/pod-spec.ts';
import { qosClass } from '../pods/quality-of-service.ts';
import type { ProbeState } from '../prober/prober-manager.ts';
import { makeContainerStatus, type WaitingReason } from './container-status.ts';
import { podConditions } from './pod-conditions.ts';
import { podPhase, type PodPhase } from './pod-phase.ts';

export interface PodStatusInput {
  pod: Pod;
  runtimePod: RuntimePod;
  probeState(containerId: string): ProbeState;
  /** Containers that wait to be started again. */
  backingOff: ReadonlyMap<string, BackOffWait>;
  /** Containers that cannot be started now. */
  failures: ReadonlyMap<string, WaitingReason>;
  /** By container id; undefined where there is none. */
  terminationMessage(containerId: string): string | undefined;
  /** What was reported last, or what the API server has. */
  previous: PodStatus | undefined;
  /** Nothing of the pod will run again. */
  ended: boolean;
  /** Why the agent itself ended it: DeadlineExceeded, Evicted. */
  failure: { reason: string; message: string } | undefined;
  hostIPs: readonly string[];
  now: number;
}

export function makePodStatus(input: PodStatusInput): PodStatus {
  const { pod, previous, now } = input;
  const hasInit = (pod.spec?.initContainers ?? []).length > 0;
  const defaultReason = hasInit && !containersBegun(input) ? 'PodInitializing' as const : 'ContainerCreating' as const;
  const status = (kind: ContainerKind) => (spec: Container): ContainerStatus => makeContainerStatus({
    pod, spec, kind,
    runtimeContainers: input.runtimePod.containers.filter((container) => container.name === spec.name),
    waiting: waitingReason(input, spec),
    defaultReason,
    probeState: (id) => input.probeState(id),
    terminationMessage: (id) => input.terminationMessage(id),
    previous: previous?.[statusLists[kind]]?.find((other) => other.name === spec.name),
    ended: input.ended,
  });
  const initStatuses = (pod.spec?.initContainers ?? []).map(status('init'));
  const statuses = (pod.spec?.containers ?? []).map(status('container'));
  const ephemeralStatuses = (pod.spec?.ephemeralContainers ?? []).map(status('ephemeral'));
  const phase = finalPhase(input, initStatuses, statuses);
  const { podIP, podIPs } = addresses(input);
  const conditions = podConditions({
    pod, phase, initStatuses, statuses, sandboxReady: sandboxReady(input), previous: previous?.conditions ?? pod.status?.conditions ?? [], now,
  });
  const reason = input.failure ?? (previous?.reason ? { reason: previous.reason, message: previous.message } : undefined);
  return {
    phase,
    conditions,
    ...(reason?.reason ? { reason: reason.reason } : {}),
    ...(reason?.message ? { message: reason.message } : {}),
    ...(pod.status?.nominatedNodeName ? { nominatedNodeName: pod.status.nominatedNodeName } : {}),
    ...(input.hostIPs[0] ? { hostIP: input.hostIPs[0], hostIPs: input.hostIPs.map((ip) => ({ ip })) } : {}),
    ...(podIP ? { podIP, podIPs } : {}),
    startTime: previous?.startTime ?? timestamp(now),
    ...(hasInit ? { initContainerStatuses: initStatuses } : {}),
    containerStatuses: statuses,
    ...(ephemeralStatuses.length > 0 ? { ephemeralContainerStatuses: ephemeralStatuses } : {}),
    qosClass: pod.status?.qosClass ?? qosClass(pod),
  };
}

const statusLists = { init: 'initContainerStatuses', container: 'containerStatuses', ephemeral: 'ephemeralContainerStatuses' } as const;

function containersBegun({ pod, runtimePod }: PodStatusInput): boolean {
  const names = new Set((pod.spec?.containers ?? []).map((container) => container.name));
  const sandbox = runningSandbox(runtimePod);
  return runtimePod.containers.some((container) => names.has(container.name) && (!sandbox || container.sandboxId === sandbox.id));
}

function waitingReason({ pod, backingOff, failures }: PodStatusInput, spec: Container): WaitingReason | undefined {
  const wait = backingOff.get(spec.name);
  if (!wait) return failures.get(spec.name);
  return { reason: 'CrashLoopBackOff', message: `back-off ${formatDelay(wait.delayMs)} restarting failed container=${spec.name} pod=${formatPod(pod)}` };
}

/** As Go prints a duration of whole seconds: `10s`, `1m20s`, `5m0s`. */
export function formatDelay(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000);
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${seconds % 60}s`;
}

/** Succeeded and Failed never change; a pod that the agent ended has failed whatever its containers say. */
function finalPhase(input: PodStatusInput, initStatuses: readonly ContainerStatus[], statuses: readonly ContainerStatus[]): PodPhase {
  if (isTerminalPhase(input.previous?.phase)) return input.previous?.phase as PodPhase;
  if (input.failure) return 'Failed';
  return podPhase({ pod: input.pod, initStatuses, statuses, ended: input.ended });
}

function sandboxReady({ pod, runtimePod }: PodStatusInput): boolean {
  const sandbox = runningSandbox(runtimePod);
  return sandbox !== undefined && (isHostNetwork(pod) || sandbox.ip !== undefined);
}

function addresses({ pod, runtimePod, previous, ended, hostIPs }: PodStatusInput): Pick<PodStatus, 'podIP' | 'podIPs'> {
  const ip = runningSandbox(runtimePod)?.ip;
  if (ip) return { podIP: ip, podIPs: [{ ip }] };
  if (isHostNetwork(pod) && hostIPs[0] && runningSandbox(runtimePod)) return { podIP: hostIPs[0], podIPs: hostIPs.map((address) => ({ ip: address })) };
  // The address of a pod that has ended stays for the record.
  return ended && previous?.podIP ? { podIP: previous.podIP, podIPs: previous.podIPs ?? [{ ip: previous.podIP }] } : {};
}
