/** The sandbox a pod wants. Pure. */
import type { Pod } from '../../api/core.ts';
import type { BoardNetwork } from '../../api/messaging/messages.ts';
import type { SandboxConfig } from '../container-runtime/container-runtime.ts';
import { podDns, type DnsConfig } from './dns-config.ts';
import { isHostNetwork, podIdentity } from './pod-spec.ts';

const maximumHostname = 63;

export interface SandboxSources {
  attempt: number;
  boardName: string;
  boardDns: DnsConfig;
  network: BoardNetwork | undefined;
}

export function makeSandboxConfig(pod: Pod, sources: SandboxSources): SandboxConfig {
  const { uid, namespace, name } = podIdentity(pod);
  const spec = pod.spec;
  const hostNetwork = isHostNetwork(pod);
  const hostname = hostNetwork ? sources.boardName : podHostname(pod);
  const qualified = spec?.subdomain && sources.network && `${hostname}.${spec.subdomain}.${namespace}.svc.${sources.network.clusterDomain}`;
  return {
    podUid: uid,
    namespace,
    name,
    attempt: sources.attempt,
    hostname: qualified && spec.setHostnameAsFQDN === true ? qualified : hostname,
    ...(qualified ? { fullyQualifiedName: qualified } : {}),
    hostNetwork,
    hostPID: spec?.hostPID === true,
    hostIPC: spec?.hostIPC === true,
    shareProcessNamespace: spec?.shareProcessNamespace === true,
    dns: podDns(pod, sources.boardDns, sources.network),
    hostAliases: (spec?.hostAliases ?? []).map((alias) => ({ ip: alias.ip ?? '', hostnames: alias.hostnames ?? [] })),
    sysctls: Object.fromEntries((spec?.securityContext?.sysctls ?? []).map((sysctl) => [sysctl.name, sysctl.value])),
    ports: hostPorts(pod),
  };
}

/** spec.hostname, or the pod's name cut to what a host name may have. */
function podHostname(pod: Pod): string {
  const { hostname } = pod.spec ?? {};
  return hostname ? hostname : podIdentity(pod).name.slice(0, maximumHostname).replace(/[-.]+$/, '');
}

function hostPorts(pod: Pod): SandboxConfig['ports'] {
  const containers = [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])];
  return containers.flatMap((container) => container.ports ?? []).flatMap((port) => {
    if (!port.hostPort) return [];
    const protocol = port.protocol === 'UDP' ? 'UDP' as const : 'TCP' as const;
    return [{ containerPort: port.containerPort, hostPort: port.hostPort, protocol, ...(port.hostIP ? { hostIP: port.hostIP } : {}) }];
  });
}
