/** Which container of the engine a request for logs or a command is about. Pure. Follows the kubelet's validateContainerLogStatus. */
import type { ContainerStatus, Pod, PodStatus } from '../../api/core.ts';
import type { RuntimeContainer, RuntimePod } from '../container-runtime/container-runtime.ts';
import { StreamOpenError } from './stream-error.ts';

export interface FindInput {
  pod: Pod;
  /** The pod's status as the agent has it; tells why a container has not started. */
  status: PodStatus | undefined;
  runtimePod: RuntimePod | undefined;
  container: string;
}

/** @throws StreamOpenError 400 when there is no log to read (yet). */
export function containerForLogs(input: FindInput, previous: boolean): RuntimeContainer {
  const attempts = attemptsOf(input);
  const podName = JSON.stringify(input.pod.metadata?.name ?? '');
  const name = JSON.stringify(input.container);
  const started = attempts.filter((one) => one.phase !== 'created');
  if (previous) {
    // While a container waits to be started again, the one that ended last is the previous one.
    const waits = statusOf(input)?.state?.waiting !== undefined;
    const found = waits ? started[0] : started[1];
    if (!found) throw new StreamOpenError(400, `previous terminated container ${name} in pod ${podName} not found`);
    return found;
  }
  if (started[0]) return started[0];
  throw new StreamOpenError(400, `container ${name} in pod ${podName} is waiting to start: ${waitingText(input)}`);
}

/** @throws StreamOpenError 500 when the container does not run, as the kubelet gives it. */
export function containerForExec(input: FindInput): RuntimeContainer {
  const found = attemptsOf(input).find((one) => one.phase === 'running');
  if (!found) throw new StreamOpenError(500, `container not found (${JSON.stringify(input.container)})`);
  return found;
}

/** @throws StreamOpenError 500 when the container does not run, as the kubelet gives it. */
export function containerForAttach(input: FindInput): { container: RuntimeContainer; tty: boolean } {
  const container = attemptsOf(input).find((one) => one.phase === 'running');
  const { metadata, spec } = input.pod;
  const declared = [...(spec?.containers ?? []), ...(spec?.initContainers ?? []), ...(spec?.ephemeralContainers ?? [])].find(({ name }) => name === input.container);
  if (!container || !declared) throw new StreamOpenError(500, `container ${input.container} not found in pod ${metadata?.name}_${metadata?.namespace}`);
  return { container, tty: declared.tty === true };
}

/** The latest first. */
function attemptsOf({ runtimePod, container }: FindInput): RuntimeContainer[] {
  return (runtimePod?.containers ?? []).filter((one) => one.name === container).sort((one, other) => other.attempt - one.attempt || other.createdAt - one.createdAt);
}

function statusOf({ status, container }: FindInput): ContainerStatus | undefined {
  return [...(status?.containerStatuses ?? []), ...(status?.initContainerStatuses ?? []), ...(status?.ephemeralContainerStatuses ?? [])].find((one) => one.name === container);
}

function waitingText(input: FindInput): string {
  const reason = statusOf(input)?.state?.waiting?.reason;
  if (reason === 'ErrImagePull') return 'image can\'t be pulled';
  if (reason === 'ImagePullBackOff') return 'trying and failing to pull image';
  if (reason) return reason;
  return input.pod.spec?.initContainers?.length ? 'PodInitializing' : 'ContainerCreating';
}
