/**
 * The board's netfilter rules for Service addresses, seven rules in all whatever the number of Services.
 *
 * Service addresses are local addresses, so a program of the board that listens on every address (sshd, Pi-hole) would
 * answer on them too, and would keep their ports from the proxy. The guard lets in only what the proxy serves, refuses the
 * rest as a host without such a port would, and leads a port that is taken to the one the proxy got instead.
 *
 * Of TCP it judges what opens a connection by its flags, not by what conntrack knows: conntrack can lose a connection whose ports
 * were used just before, on the other way (kernel/), and would then take its next packet for a new one. A client on the board
 * itself has a Service address as its own, so the guard would keep its answer, and it would wait until it gives up.
 */
import { Backoff } from '../machinery/backoff.ts';
import type { Clock, Timer } from '../machinery/clock.ts';
import type { Logger } from '../machinery/logger.ts';
import { nft, tableName } from './nft.ts';

export interface ServedPort {
  protocol: 'TCP' | 'UDP';
  ip: string;
  /** What clients connect to. */
  port: number;
  /** Where the proxy listens: the same, or another where a program of the board has the port. */
  listensOn: number;
}

export class ServiceGuard {
  private readonly served = new Map<string, readonly ServedPort[]>();
  private severed: readonly string[] = [];
  private applied = '';
  private running: Promise<void> | undefined;
  private retry: Timer | undefined;
  private stopped = false;
  private readonly backoff = new Backoff({ initialMs: 500, maximumMs: 30_000 });
  private readonly serviceCIDR: string;
  private readonly clock: Clock;
  private readonly logger: Logger;

  constructor(options: { serviceCIDR: string; clock: Clock; logger: Logger }) {
    this.serviceCIDR = options.serviceCIDR;
    this.clock = options.clock;
    this.logger = options.logger;
  }

  /** The rules stay as they are, and no failure is tried again. */
  stop(): void {
    this.stopped = true;
    this.retry?.cancel();
  }

  /** What one part of the proxy serves now; resolves when the rules say so. Does not throw: a failure is logged and tried again later. */
  set(owner: string, ports: readonly ServedPort[]): Promise<void> {
    this.served.set(owner, ports);
    return this.refresh();
  }

  /** Resets open Service connections to these addresses, which no pod has any more: nobody would ever answer their clients. */
  sever(addresses: readonly string[]): Promise<void> {
    this.severed = addresses;
    return this.refresh();
  }

  private refresh(): Promise<void> {
    this.running = (this.running ?? Promise.resolve()).then(() => this.apply());
    return this.running;
  }

  private async apply(): Promise<void> {
    const script = guardScript(this.serviceCIDR, [...this.served.values()].flat(), this.severed);
    if (script === this.applied) return;
    try {
      await nft(script);
      this.applied = script;
      this.backoff.reset();
    } catch (error) {
      this.logger.error('cannot set the netfilter rules of Services', { error });
      this.retry?.cancel();
      if (!this.stopped) this.retry = this.clock.after(this.backoff.next(), () => void this.refresh());
    }
  }
}

/** Idempotent. @throws when nft refuses. */
export async function removeServiceGuard(serviceCIDR: string): Promise<void> {
  const table = guardTable(serviceCIDR);
  // Adding first makes deleting succeed where nothing is there.
  await nft(`add table ip ${table}\ndelete table ip ${table}\n`);
}

function guardTable(serviceCIDR: string): string {
  return tableName('bramble', serviceCIDR);
}

/** One transaction of nft(8) that replaces the whole table. Pure. */
export function guardScript(serviceCIDR: string, served: readonly ServedPort[], severed: readonly string[] = []): string {
  const table = guardTable(serviceCIDR);
  const of = (protocol: ServedPort['protocol']): ServedPort[] => served.filter((port) => port.protocol === protocol);
  const set = (protocol: ServedPort['protocol']): string => elements(of(protocol).map(({ ip, listensOn }) => `${ip} . ${listensOn}`));
  const map = (protocol: ServedPort['protocol']): string => elements(of(protocol).filter(({ port, listensOn }) => port !== listensOn).map(({ ip, port, listensOn }) => `${ip} . ${port} : ${ip} . ${listensOn}`));
  const reset = `ct state established ct status dnat ct original ip daddr ${serviceCIDR} ip daddr @severed meta l4proto tcp reject with tcp reset`;
  const redirects = `
    meta l4proto tcp dnat ip to ip daddr . tcp dport map @tcp-redirects
    meta l4proto udp dnat ip to ip daddr . udp dport map @udp-redirects`;
  return `add table ip ${table}
delete table ip ${table}
table ip ${table} {
  set tcp-served { type ipv4_addr . inet_service; ${set('TCP')} }
  set udp-served { type ipv4_addr . inet_service; ${set('UDP')} }
  map tcp-redirects { type ipv4_addr . inet_service : ipv4_addr . inet_service; ${map('TCP')} }
  map udp-redirects { type ipv4_addr . inet_service : ipv4_addr . inet_service; ${map('UDP')} }
  set severed { type ipv4_addr; ${elements(severed)} }
  chain input {
    type filter hook input priority filter; policy accept;
    ip daddr != ${serviceCIDR} accept
    meta l4proto tcp tcp flags & (fin | syn | rst | ack) != syn accept
    meta l4proto != tcp ct state != new accept
    meta l4proto tcp ip daddr . tcp dport @tcp-served accept
    meta l4proto udp ip daddr . udp dport @udp-served accept
    meta l4proto tcp reject with tcp reset
    meta l4proto != icmp reject
  }
  chain forward {
    type filter hook forward priority filter; policy accept;
    ${reset}
  }
  chain severed-output {
    type filter hook output priority filter; policy accept;
    ${reset}
  }
  chain prerouting {
    type nat hook prerouting priority dstnat; policy accept;${redirects}
  }
  chain output {
    type nat hook output priority -100; policy accept;${redirects}
  }
}
`;
}

function elements(entries: readonly string[]): string {
  const unique = [...new Set(entries)].sort();
  return unique.length === 0 ? '' : `elements = { ${unique.join(', ')} }`;
}
