/** Status of one container from what the engine has of it. Pure. Follows kubelet's convertToAPIContainerStatuses. */
import type { Container, ContainerState, ContainerStatus, Pod } from '../../api/core.ts';
import { timestamp } from '../../machinery/clock.ts';
import type { ContainerKind, RuntimeContainer } from '../container-runtime/container-runtime.ts';
import type { ProbeState } from '../prober/prober-manager.ts';
import { isSidecar, restartPolicyOf, shouldRestart } from '../pods/restart-policy.ts';

export interface WaitingReason {
  reason: string;
  message?: string;
}

export interface ContainerStatusInput {
  pod: Pod;
  spec: Container;
  kind: ContainerKind;
  /** Newest first. */
  runtimeContainers: readonly RuntimeContainer[];
  /** What keeps the container from running now: back-off, a missing image, a wrong configuration. */
  waiting: WaitingReason | undefined;
  /** What a container waits for that has not been begun. */
  defaultReason: 'ContainerCreating' | 'PodInitializing';
  probeState(containerId: string): ProbeState;
  terminationMessage(containerId: string): string | undefined;
  /** What was reported before. */
  previous: ContainerStatus | undefined;
  /** The pod is being stopped or has ended: nothing waits any more. */
  ended: boolean;
}

export function makeContainerStatus(input: ContainerStatusInput): ContainerStatus {
  const { spec, previous } = input;
  const [latest, before] = input.runtimeContainers;
  if (!latest) return absentStatus(input);
  const waits = latest.phase !== 'running' && !input.ended && !isOver(input, latest) && input.waiting;
  const state: ContainerState = waits ? { waiting: { ...waits } } : containerState(input, latest);
  // While it waits, how it ended is the last state; otherwise that of the one before.
  const last = waits && latest.phase === 'exited' ? latest : before;
  return {
    name: spec.name,
    state,
    lastState: last ? { terminated: terminatedState(input, last) } : previous?.lastState ?? {},
    ready: isReady(input, latest),
    restartCount: latest.attempt,
    image: latest.image,
    imageID: `docker://${latest.imageId}`,
    containerID: containerId(latest),
    started: latest.phase === 'running' && input.probeState(latest.id).started && (input.kind === 'container' || isSidecar(spec)),
  };
}

function absentStatus({ spec, waiting, defaultReason, previous, ended }: ContainerStatusInput): ContainerStatus {
  const base = { name: spec.name, ready: false, restartCount: previous?.restartCount ?? 0, image: spec.image ?? '', imageID: previous?.imageID ?? '' };
  if (ended && previous && (previous.state?.terminated || previous.state?.running)) {
    return { ...previous, ready: false, started: false, state: previous.state.terminated ? { terminated: previous.state.terminated } : { terminated: lostState(previous) } };
  }
  return { ...base, state: { waiting: waiting ? { ...waiting } : { reason: defaultReason } }, lastState: previous?.lastState ?? {}, started: false };
}

/** It has ended and will not be started again: it waits for nothing. */
function isOver({ pod, spec, kind }: ContainerStatusInput, latest: RuntimeContainer): boolean {
  return latest.phase === 'exited' && !shouldRestart(restartPolicyOf(pod, spec, kind), latest.exitCode ?? 0);
}

/** It ran when it was last seen, and nobody knows how it ended. */
function lostState(previous: ContainerStatus): NonNullable<ContainerState['terminated']> {
  return {
    exitCode: 137,
    reason: 'ContainerStatusUnknown',
    message: 'The container could not be located when the pod was terminated',
    ...(previous.containerID ? { containerID: previous.containerID } : {}),
  };
}

function containerId(container: RuntimeContainer): string {
  return `docker://${container.id}`;
}

function containerState(input: ContainerStatusInput, container: RuntimeContainer): ContainerState {
  switch (container.phase) {
    case 'running': return { running: { startedAt: timestamp(container.startedAt ?? container.createdAt) } };
    case 'exited': return { terminated: terminatedState(input, container) };
    case 'created':
    case 'unknown': return { waiting: { reason: input.defaultReason } };
  }
}

function terminatedState(input: ContainerStatusInput, container: RuntimeContainer): NonNullable<ContainerState['terminated']> {
  const exitCode = container.exitCode ?? 0;
  const message = container.error ?? input.terminationMessage(container.id);
  return {
    exitCode,
    reason: terminationReason(container, exitCode),
    ...(message ? { message } : {}),
    startedAt: timestamp(container.startedAt ?? container.createdAt),
    finishedAt: timestamp(container.finishedAt ?? container.createdAt),
    containerID: containerId(container),
  };
}

function terminationReason(container: RuntimeContainer, exitCode: number): string {
  if (container.oomKilled) return 'OOMKilled';
  if (container.error !== undefined && container.startedAt === undefined) return 'StartError';
  return exitCode === 0 ? 'Completed' : 'Error';
}

function isReady(input: ContainerStatusInput, latest: RuntimeContainer): boolean {
  if (input.kind === 'init' && !isSidecar(input.spec)) return latest.phase === 'exited' && latest.exitCode === 0;
  // Nobody is sent to an ephemeral container.
  return input.kind !== 'ephemeral' && latest.phase === 'running' && input.probeState(latest.id).ready;
}
