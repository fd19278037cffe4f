/** Carries UDP datagrams of one portal: each client address gets a socket to its backend until it is idle. */
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import type { Clock, Timer } from '../../machinery/clock.ts';
import type { Logger } from '../../machinery/logger.ts';
import type { Backend, Listener } from '../service-plan.ts';
import type { LoadBalancer } from './load-balancer.ts';
import type { PortalSocket } from './tcp-portal.ts';

const idleMs = 30_000;
/** Clients at a time; the longest silent gives way. */
const flowLimit = 1_024;

interface Flow {
  socket: Socket;
  backend: Backend;
  lastUsed: number;
}

export class UdpPortal implements PortalSocket {
  private server: Socket;
  private readonly flows = new Map<string, Flow>();
  private sweep: Timer | undefined;
  private readonly listener: Listener;
  private readonly balancer: LoadBalancer;
  private readonly clock: Clock;
  private readonly logger: Logger;

  constructor(options: { listener: Listener; balancer: LoadBalancer; clock: Clock; logger: Logger }) {
    this.listener = options.listener;
    this.balancer = options.balancer;
    this.clock = options.clock;
    this.logger = options.logger;
    this.server = createSocket('udp4');
  }

  open(port = this.listener.port): Promise<number> {
    // A socket that failed to bind cannot be used again.
    const server = createSocket('udp4');
    this.server.close();
    this.server = server;
    server.on('message', (datagram, client) => this.receive(datagram, client));
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.bind({ address: this.listener.ip ?? '0.0.0.0', port, exclusive: true }, () => {
        server.off('error', reject);
        server.on('error', (error) => this.logger.warn('listener failed', { error }));
        resolve(server.address().port);
      });
    });
  }

  close(): Promise<void> {
    return this.destroy();
  }

  async destroy(): Promise<void> {
    this.sweep?.cancel();
    for (const flow of this.flows.values()) flow.socket.close();
    this.flows.clear();
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }

  /** Flows to a backend that is gone end, so that the client's next datagram finds another. */
  dropFlowsExcept(backends: readonly Backend[]): void {
    for (const [client, flow] of this.flows) {
      if (!backends.some((backend) => backend.ip === flow.backend.ip && backend.port === flow.backend.port)) this.drop(client);
    }
  }

  private receive(datagram: Buffer, client: RemoteInfo): void {
    const key = `${client.address}:${client.port}`;
    const flow = this.flows.get(key) ?? this.openFlow(key, client);
    if (!flow) return;
    flow.lastUsed = this.clock.monotonic();
    flow.socket.send(datagram, flow.backend.port, flow.backend.ip, (error) => {
      if (error) this.drop(key);
    });
  }

  private openFlow(key: string, client: RemoteInfo): Flow | undefined {
    const candidate = this.balancer.candidates(client.address).next();
    if (candidate.done) return undefined;
    if (this.flows.size >= flowLimit) this.drop(this.longestSilent());
    const socket = createSocket('udp4');
    const flow: Flow = { socket, backend: candidate.value, lastUsed: this.clock.monotonic() };
    socket.on('message', (reply, from) => {
      if (from.address !== flow.backend.ip || from.port !== flow.backend.port) return;
      flow.lastUsed = this.clock.monotonic();
      this.server.send(reply, client.port, client.address, (error) => {
        if (error) this.logger.debug('reply lost', { client: key, error });
      });
    });
    socket.on('error', () => this.drop(key));
    this.flows.set(key, flow);
    this.sweep ??= this.clock.after(idleMs, () => this.dropIdle());
    return flow;
  }

  private dropIdle(): void {
    this.sweep = undefined;
    const now = this.clock.monotonic();
    for (const [key, flow] of this.flows) if (now - flow.lastUsed >= idleMs) this.drop(key);
    if (this.flows.size > 0) this.sweep = this.clock.after(idleMs, () => this.dropIdle());
  }

  private longestSilent(): string {
    return [...this.flows].reduce((oldest, entry) => (entry[1].lastUsed < oldest[1].lastUsed ? entry : oldest))[0];
  }

  private drop(key: string): void {
    const flow = this.flows.get(key);
    if (!flow) return;
    this.flows.delete(key);
    flow.socket.close();
  }
}
