/** Contents of the files under /etc that containers of a pod get from the agent, as kubelet writes them. */
import type { SandboxConfig } from '../container-runtime/container-runtime.ts';

const managedHeader = '# Kubernetes-managed hosts file.';
const hostNetworkHeader = '# Kubernetes-managed hosts file (host network).';

/** @param ip undefined leaves the pod's own line out. */
export function hostsFile(config: Pick<SandboxConfig, 'hostname' | 'fullyQualifiedName' | 'hostAliases'>, ip: string | undefined): string {
  const lines = [
    managedHeader,
    '127.0.0.1\tlocalhost',
    '::1\tlocalhost ip6-localhost ip6-loopback',
    'fe00::0\tip6-localnet',
    'fe00::0\tip6-mcastprefix',
    'fe00::1\tip6-allnodes',
    'fe00::2\tip6-allrouters',
    ...(ip ? [[ip, config.fullyQualifiedName, config.hostname].filter(Boolean).join('\t')] : []),
  ];
  return `${lines.join('\n')}\n${aliasLines(config.hostAliases)}`;
}

/** The board's own file with the pod's aliases, for hostNetwork. */
export function hostNetworkHostsFile(boardFile: string, aliases: SandboxConfig['hostAliases']): string {
  return `${hostNetworkHeader}\n${boardFile.endsWith('\n') ? boardFile : `${boardFile}\n`}${aliasLines(aliases)}`;
}

function aliasLines(aliases: SandboxConfig['hostAliases']): string {
  if (aliases.length === 0) return '';
  const lines = aliases.map(({ ip, hostnames }) => `${ip}\t${hostnames.join('\t')}`);
  return `\n# Entries added by HostAliases.\n${lines.join('\n')}\n`;
}

export function resolvConf(dns: SandboxConfig['dns']): string {
  const lines = [
    ...(dns.searches.length > 0 ? [`search ${dns.searches.join(' ')}`] : []),
    ...dns.servers.map((server) => `nameserver ${server}`),
    ...(dns.options.length > 0 ? [`options ${dns.options.join(' ')}`] : []),
  ];
  return lines.map((line) => `${line}\n`).join('');
}
