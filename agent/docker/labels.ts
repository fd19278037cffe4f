/** Labels of Bramble's containers: with the names (naming.ts) all that a restarted agent needs to know them again. */
import type { ContainerConfig, ContainerKind, SandboxConfig } from '../container-runtime/container-runtime.ts';

/** The same keys as kubelet's, so that tools made for Kubernetes nodes find their way. */
export const labels = {
  podUid: 'io.kubernetes.pod.uid',
  podName: 'io.kubernetes.pod.name',
  podNamespace: 'io.kubernetes.pod.namespace',
  containerName: 'io.kubernetes.container.name',
  specHash: 'io.kubernetes.container.hash',
  attempt: 'io.kubernetes.container.restartCount',
  terminationMessageFile: 'dev.bramble.container.termination-message-file',
  image: 'dev.bramble.container.image',
  /** `sandbox`, `init`, `container` or `ephemeral`. */
  kind: 'dev.bramble.container.kind',
  /** Which agent owns it: several can share one Docker. */
  agent: 'dev.bramble.agent',
} as const;

export type OwnKind = 'sandbox' | ContainerKind;

export function sandboxLabels(agentId: string, config: SandboxConfig): Record<string, string> {
  return {
    [labels.agent]: agentId,
    [labels.kind]: 'sandbox',
    [labels.podUid]: config.podUid,
    [labels.podName]: config.name,
    [labels.podNamespace]: config.namespace,
    [labels.containerName]: 'POD',
    [labels.attempt]: String(config.attempt),
  };
}

export function containerLabels(agentId: string, config: ContainerConfig, terminationMessageFile: string): Record<string, string> {
  return {
    [labels.agent]: agentId,
    [labels.kind]: config.kind,
    [labels.podUid]: config.podUid,
    [labels.podName]: config.podName,
    [labels.podNamespace]: config.namespace,
    [labels.containerName]: config.name,
    [labels.attempt]: String(config.attempt),
    [labels.specHash]: config.specHash,
    [labels.image]: config.image,
    [labels.terminationMessageFile]: terminationMessageFile,
  };
}

/** Filter of the engine's list and event calls for everything of one agent. */
export function agentFilter(agentId: string): string {
  return `${labels.agent}=${agentId}`;
}
