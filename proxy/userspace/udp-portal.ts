/**
 * Carries UDP datagrams of one portal: each client address gets a socket to its backend until it is idle.
 *
 * A NodePort has a socket per address of the board, not one for all: what a socket on 0.0.0.0 sends leaves with the address
 * of the route, and a client that asked another address of the board would not take the answer.
 */
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { networkInterfaces } from 'node:os';
import type { Clock, Timer } from '../../machinery/clock.ts';
import type { Logger } from '../../machinery/logger.ts';
import type { Backend, Listener } from '../service-plan.ts';
import type { LoadBalancer } from './load-balancer.ts';
import type { PortalSocket } from './tcp-portal.ts';
import { UdpFlow, type UdpFlows } from './udp-flows.ts';

/** Boards get and lose addresses (DHCP, a new bridge); nothing tells. */
const addressesEveryMs = 5_000;

export interface UdpPortalOptions {
  /** Unique among the portals that share `flows`. */
  key: string;
  listener: Listener;
  balancer: LoadBalancer;
  flows: UdpFlows;
  clock: Clock;
  logger: Logger;
  /** IPv4 addresses of the board. */
  addresses?: () => string[];
}

export class UdpPortal implements PortalSocket {
  /** By the local address. */
  private readonly servers = new Map<string, Socket>();
  private refresh: Timer | undefined;
  private closed = false;
  private readonly options: UdpPortalOptions;

  constructor(options: UdpPortalOptions) {
    this.options = options;
  }

  async open(port = this.options.listener.port): Promise<number> {
    const { ip } = this.options.listener;
    if (ip !== undefined) return this.bind(ip, port);
    const failure = await this.bindAddresses(port);
    if (this.servers.size === 0) throw failure ?? new Error('the board has no address');
    this.scheduleRefresh(port);
    return port;
  }

  close(): Promise<void> {
    return this.destroy();
  }

  async destroy(): Promise<void> {
    this.closed = true;
    this.refresh?.cancel();
    this.options.flows.dropUnder(this.prefix);
    const servers = [...this.servers.values()];
    this.servers.clear();
    await Promise.all(servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve()))));
  }

  /** Flows to a backend that is gone end, so that the client's next datagram finds another. */
  dropFlowsExcept(backends: readonly Backend[]): void {
    this.options.flows.dropUnder(this.prefix, (flow) => backends.some(({ ip, port }) => ip === flow.backend.ip && port === flow.backend.port));
  }

  private get prefix(): string {
    return `${this.options.key} `;
  }

  private scheduleRefresh(port: number): void {
    this.refresh = this.options.clock.after(addressesEveryMs, () => {
      void this.bindAddresses(port).finally(() => { if (!this.closed) this.scheduleRefresh(port); });
    });
  }

  /** Never rejects. @returns the last failure. */
  private async bindAddresses(port: number): Promise<Error | undefined> {
    const addresses = new Set((this.options.addresses ?? boardAddresses)());
    for (const [address, server] of this.servers) {
      if (addresses.has(address)) continue;
      this.servers.delete(address);
      this.options.flows.dropUnder(`${this.prefix}${address} `);
      server.close();
    }
    let failure: Error | undefined;
    for (const address of addresses) {
      if (this.servers.has(address)) continue;
      try {
        await this.bind(address, port);
      } catch (error) {
        failure = error as Error;
        this.options.logger.debug('cannot listen on an address of the board', { address, port, error });
      }
    }
    return failure;
  }

  private bind(address: string, port: number): Promise<number> {
    const server = createSocket('udp4');
    return new Promise((resolve, reject) => {
      server.once('error', (error) => {
        server.close();
        reject(error);
      });
      server.bind({ address, port, exclusive: true }, () => {
        server.removeAllListeners('error');
        server.on('error', (error) => this.options.logger.warn('listener failed', { error }));
        if (this.closed) {
          server.close();
          reject(new Error('closed'));
          return;
        }
        this.servers.set(address, server);
        server.on('message', (datagram, client) => this.receive(server, address, datagram, client));
        resolve(server.address().port);
      });
    });
  }

  private receive(server: Socket, address: string, datagram: Buffer, client: RemoteInfo): void {
    const key = `${this.prefix}${address} ${client.address}:${client.port}`;
    const flow = this.options.flows.use(key) ?? this.openFlow(key, server, client);
    flow?.send(datagram);
  }

  private openFlow(key: string, server: Socket, client: RemoteInfo): UdpFlow | undefined {
    const { balancer, flows, logger } = this.options;
    const candidate = balancer.candidates(client.address).next();
    if (candidate.done) return undefined;
    const flow = new UdpFlow({
      backend: candidate.value,
      onReply: (reply) => {
        if (flows.use(key) !== flow) return;
        server.send(reply, client.port, client.address, (error) => {
          if (error) logger.debug('reply lost', { client: key, error });
        });
      },
      onFailed: () => flows.drop(key),
    });
    flows.add(key, flow);
    return flow;
  }
}

function boardAddresses(): string[] {
  return Object.values(networkInterfaces()).flatMap((addresses) => (addresses ?? []).filter(({ family }) => family === 'IPv4').map(({ address }) => address));
}
