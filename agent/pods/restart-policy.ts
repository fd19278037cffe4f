/** Whether a container that ended is started again. */
import type { Container, Pod } from '../../api/core.ts';
import type { ContainerKind } from '../container-runtime/container-runtime.ts';

export type RestartPolicy = 'Always' | 'OnFailure' | 'Never';

/** An init container that goes on running beside the containers of the pod (KEP-753). */
export function isSidecar(container: Container): boolean {
  return container.restartPolicy === 'Always';
}

export function podRestartPolicy(pod: Pod): RestartPolicy {
  return (pod.spec?.restartPolicy ?? 'Always') as RestartPolicy;
}

/** The container's own policy, or the pod's. An init container that must succeed is only ever repeated after a failure. */
export function restartPolicyOf(pod: Pod, container: Container, kind: ContainerKind): RestartPolicy {
  // It came to look, once.
  if (kind === 'ephemeral') return 'Never';
  if (container.restartPolicy) return container.restartPolicy as RestartPolicy;
  const policy = podRestartPolicy(pod);
  return kind === 'init' && policy === 'Always' ? 'OnFailure' : policy;
}

export function shouldRestart(policy: RestartPolicy, exitCode: number): boolean {
  switch (policy) {
    case 'Always': return true;
    case 'OnFailure': return exitCode !== 0;
    case 'Never': return false;
  }
}
