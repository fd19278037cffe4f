/** Reasons of the events the agent reports, as kubelet spells them, and how an event is made. */
import type { EventReport } from '../api/messaging/messages.ts';
import type { Pod } from '../api/core.ts';
import type { ContainerKind } from './container-runtime/container-runtime.ts';
import type { StatusSink } from './link/status-sink.ts';

export const eventReasons = {
  created: 'Created',
  started: 'Started',
  failed: 'Failed',
  killing: 'Killing',
  preempting: 'Preempting',
  backOff: 'BackOff',
  exceededGracePeriod: 'ExceededGracePeriod',
  failedKillPod: 'FailedKillPod',
  failedCreatePodContainer: 'FailedCreatePodContainer',
  networkNotReady: 'NetworkNotReady',
  pulling: 'Pulling',
  pulled: 'Pulled',
  failedToInspectImage: 'InspectFailed',
  errImageNeverPull: 'ErrImageNeverPull',
  failedMount: 'FailedMount',
  failedCreatePodSandbox: 'FailedCreatePodSandBox',
  sandboxChanged: 'SandboxChanged',
  unhealthy: 'Unhealthy',
  failedPostStartHook: 'FailedPostStartHook',
  failedPreStopHook: 'FailedPreStopHook',
  deadlineExceeded: 'DeadlineExceeded',
} as const;

export type EventReason = (typeof eventReasons)[keyof typeof eventReasons];

export interface PodEvent {
  pod: Pod;
  /** Names the container in involvedObject.fieldPath. */
  container?: { kind: ContainerKind; name: string };
  type: EventReport['type'];
  reason: EventReason;
  message: string;
}

const containerLists = { init: 'initContainers', container: 'containers', ephemeral: 'ephemeralContainers' } as const;

export function reportPodEvent(sink: Pick<StatusSink, 'event'>, { pod, container, type, reason, message }: PodEvent): void {
  const { name, namespace, uid } = pod.metadata ?? {};
  sink.event({
    involvedObject: {
      apiVersion: 'v1',
      kind: 'Pod',
      ...(name ? { name } : {}),
      ...(namespace ? { namespace } : {}),
      ...(uid ? { uid } : {}),
      ...(container ? { fieldPath: `spec.${containerLists[container.kind]}{${container.name}}` } : {}),
    },
    type,
    reason,
    message,
  });
}
