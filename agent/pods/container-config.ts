/** The container a pod's spec asks for. Pure: environment, mounts and image are found before. */
import type { Container, Pod, SecurityContext } from '../../api/core.ts';
import { RuntimeError, type ContainerConfig, type ContainerKind, type ContainerMount, type ImageInfo } from '../container-runtime/container-runtime.ts';
import { formatPod, podIdentity } from './pod-spec.ts';
import { containerResources } from './quality-of-service.ts';
import { specHash } from './spec-hash.ts';

export interface ContainerParts {
  kind: ContainerKind;
  attempt: number;
  image: ImageInfo;
  environment: readonly string[];
  command: readonly string[] | undefined;
  args: readonly string[] | undefined;
  mounts: readonly ContainerMount[];
  boardMemoryBytes: number;
  /** Of an ephemeral container: the one whose processes it sees. */
  targetContainerId?: string;
}

const defaultTerminationMessagePath = '/dev/termination-log';

/** @throws RuntimeError CreateContainerConfigError when runAsNonRoot cannot be held. */
export function makeContainerConfig(pod: Pod, container: Container, parts: ContainerParts): ContainerConfig {
  const { uid, namespace, name } = podIdentity(pod);
  checkRunAsNonRoot(pod, container, parts.image);
  return {
    podUid: uid,
    namespace,
    podName: name,
    name: container.name,
    kind: parts.kind,
    attempt: parts.attempt,
    specHash: specHash(container),
    image: container.image ?? '',
    imageId: parts.image.id,
    ...(parts.command && parts.command.length > 0 ? { command: parts.command } : {}),
    ...(parts.args && parts.args.length > 0 ? { args: parts.args } : {}),
    ...(container.workingDir ? { workingDir: container.workingDir } : {}),
    environment: parts.environment,
    mounts: parts.mounts,
    tty: container.tty === true,
    stdin: container.stdin === true,
    stdinOnce: container.stdinOnce === true,
    resources: containerResources(pod, container, parts.boardMemoryBytes),
    security: securityOf(pod, container, parts.image),
    devices: [],
    terminationMessagePath: container.terminationMessagePath ?? defaultTerminationMessagePath,
    namespaces: {
      pid: pidNamespace(pod, parts.targetContainerId),
      ipc: pod.spec?.hostIPC === true ? 'host' : 'pod',
    },
  };
}

function pidNamespace({ spec }: Pod, targetContainerId: string | undefined): ContainerConfig['namespaces']['pid'] {
  if (spec?.hostPID === true) return 'host';
  if (spec?.shareProcessNamespace === true) return 'pod';
  return targetContainerId === undefined ? 'container' : { containerId: targetContainerId };
}

/** The container's own setting, else the pod's. */
function effective<Field extends 'runAsUser' | 'runAsGroup' | 'runAsNonRoot' | 'seccompProfile'>(pod: Pod, container: Container, field: Field): SecurityContext[Field] {
  return container.securityContext?.[field] ?? pod.spec?.securityContext?.[field];
}

function securityOf(pod: Pod, container: Container, image: ImageInfo): ContainerConfig['security'] {
  const own = container.securityContext;
  const privileged = own?.privileged === true;
  const user = effective(pod, container, 'runAsUser');
  const group = effective(pod, container, 'runAsGroup');
  const name = user === undefined ? image.user.split(':')[0] : String(user);
  const userText = group === undefined ? (user === undefined ? undefined : name) : `${name || '0'}:${group}`;
  const { fsGroup, supplementalGroups } = pod.spec?.securityContext ?? {};
  return {
    privileged,
    readOnlyRootFilesystem: own?.readOnlyRootFilesystem === true,
    allowPrivilegeEscalation: own?.allowPrivilegeEscalation !== false,
    addCapabilities: own?.capabilities?.add ?? [],
    dropCapabilities: own?.capabilities?.drop ?? [],
    ...(userText === undefined ? {} : { user: userText }),
    supplementalGroups: [...new Set([...(supplementalGroups ?? []), ...(fsGroup === undefined ? [] : [fsGroup])])],
    seccompUnconfined: effective(pod, container, 'seccompProfile')?.type === 'Unconfined',
  };
}

/** Follows kuberuntime's verifyRunAsNonRoot, with its texts. */
function checkRunAsNonRoot(pod: Pod, container: Container, image: ImageInfo): void {
  if (effective(pod, container, 'runAsNonRoot') !== true) return;
  const where = `(pod: ${JSON.stringify(formatPod(pod))}, container: ${container.name})`;
  const user = effective(pod, container, 'runAsUser');
  if (user === 0) throw configError(`container's runAsUser breaks non-root policy ${where}`);
  if (user !== undefined) return;
  const [imageUser = ''] = image.user.split(':');
  if (imageUser === '' || /^0+$/.test(imageUser)) throw configError(`container has runAsNonRoot and image will run as root ${where}`);
  if (!/^\d+$/.test(imageUser)) throw configError(`container has runAsNonRoot and image has non-numeric user (${imageUser}), cannot verify user is non-root ${where}`);
}

export function configError(message: string, options?: { cause?: unknown }): RuntimeError {
  return new RuntimeError('CreateContainerConfigError', message, options);
}
