/** Configurations for tests: whole ones, of which a test names what matters to it. */
import type { ContainerConfig, SandboxConfig } from '../container-runtime/container-runtime.ts';

export function sandboxConfig(podUid: string, changes: Partial<SandboxConfig> = {}): SandboxConfig {
  return {
    podUid, namespace: 'default', name: `pod-${podUid}`, attempt: 0, hostname: `pod-${podUid}`, hostNetwork: false, hostPID: false, hostIPC: false,
    shareProcessNamespace: false, dns: { servers: ['198.19.0.10'], searches: ['default.svc.cluster.local'], options: ['ndots:5'] }, hostAliases: [],
    sysctls: {}, ports: [], ...changes,
  };
}

export function containerConfig(podUid: string, image: { name: string; id: string }, changes: Partial<ContainerConfig> = {}): ContainerConfig {
  return {
    podUid, namespace: 'default', podName: `pod-${podUid}`, name: 'main', kind: 'container', attempt: 0, specHash: 'hash', image: image.name, imageId: image.id,
    environment: [], mounts: [], tty: false, stdin: false, stdinOnce: false, resources: {},
    security: {
      privileged: false, readOnlyRootFilesystem: false, allowPrivilegeEscalation: true, addCapabilities: [], dropCapabilities: [], supplementalGroups: [],
      seccompUnconfined: false,
    },
    devices: [], terminationMessagePath: '/dev/termination-log', namespaces: { pid: 'container', ipc: 'pod' }, ...changes,
  };
}
