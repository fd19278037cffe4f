/** What a pod's /etc/resolv.conf says, by its DNS policy. Follows pkg/kubelet/network/dns. */
import type { Pod } from '../../api/core.ts';
import type { BoardNetwork } from '../../api/messaging/messages.ts';
import type { SandboxConfig } from '../container-runtime/container-runtime.ts';

export type DnsConfig = SandboxConfig['dns'];

/** As resolvers of the field accept them; Kubernetes has the same limits. */
const maximumServers = 3;
const maximumSearches = 32;
const clusterOptions = ['ndots:5'];

/** @param text of the board's resolv.conf. */
export function parseResolvConf(text: string): DnsConfig {
  const servers: string[] = [];
  let searches: string[] = [];
  let options: string[] = [];
  for (const line of text.split('\n')) {
    const [keyword, ...values] = line.trim().split(/\s+/);
    if (keyword === 'nameserver' && values[0]) servers.push(values[0]);
    else if (keyword === 'search' || keyword === 'domain') searches = values.map((search) => (search === '.' ? search : search.replace(/\.$/, '')));
    else if (keyword === 'options') options = values;
  }
  return { servers, searches, options };
}

/**
 * @param board what the board itself uses.
 * @param network undefined while the board does not know its cluster yet: pods then get the board's servers.
 */
export function podDns(pod: Pod, board: DnsConfig, network: BoardNetwork | undefined): DnsConfig {
  const base = baseDns(pod, board, network);
  const own = pod.spec?.dnsConfig;
  const options = new Map([...base.options.map(splitOption), ...(own?.options ?? []).map((option) => [option.name ?? '', option.value] as const)]);
  return {
    servers: unique([...base.servers, ...(own?.nameservers ?? [])]).slice(0, maximumServers),
    searches: unique([...base.searches, ...(own?.searches ?? [])]).slice(0, maximumSearches),
    options: [...options].map(([name, value]) => (value === undefined || value === '' ? name : `${name}:${value}`)),
  };
}

function baseDns(pod: Pod, board: DnsConfig, network: BoardNetwork | undefined): DnsConfig {
  const policy = pod.spec?.dnsPolicy ?? 'ClusterFirst';
  if (policy === 'None') return { servers: [], searches: [], options: [] };
  const cluster = policy === 'ClusterFirstWithHostNet' || (policy === 'ClusterFirst' && pod.spec?.hostNetwork !== true);
  if (!cluster || !network) return board;
  const { clusterDomain, dnsAddress } = network;
  const services = [`${pod.metadata?.namespace}.svc.${clusterDomain}`, `svc.${clusterDomain}`, clusterDomain];
  return { servers: [dnsAddress], searches: unique([...services, ...board.searches]), options: clusterOptions };
}

function splitOption(option: string): readonly [string, string | undefined] {
  const colon = option.indexOf(':');
  return colon < 0 ? [option, undefined] : [option.slice(0, colon), option.slice(colon + 1)];
}

function unique(values: readonly string[]): string[] {
  return [...new Set(values)];
}
