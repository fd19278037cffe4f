/**
 * Makes the open sockets match the planned portals. Level-triggered: each run compares what should be with what is, and a
 * socket that could not be opened is tried again.
 *
 * INVARIANTS
 * - reconcile() never runs twice at once; a call during a run makes one more run follow.
 * - A portal whose listener stays keeps its socket: changed backends only reach its balancer.
 * - A portal that goes stops listening; its open TCP connections live on.
 */
import { performance } from 'node:perf_hooks';
import { Backoff } from '../../machinery/backoff.ts';
import type { Clock, Timer } from '../../machinery/clock.ts';
import type { Logger } from '../../machinery/logger.ts';
import type { PortalCarrier } from '../kernel/kernel-path.ts';
import { Relief } from '../kernel/relief.ts';
import type { ServedPort } from '../service-guard.ts';
import type { Portal } from '../service-plan.ts';
import { LoadBalancer } from './load-balancer.ts';
import { TcpPortal } from './tcp-portal.ts';
import { UdpFlows } from './udp-flows.ts';
import { UdpPortal } from './udp-portal.ts';

interface OpenPortal {
  portal: Portal;
  balancer: LoadBalancer;
  socket: TcpPortal | UdpPortal;
  listensOn: number;
}

export class Proxier {
  private readonly open = new Map<string, OpenPortal>();
  /** Sockets that no longer listen and still carry connections. */
  private readonly leaving = new Set<TcpPortal>();
  private wanted: readonly Portal[] = [];
  private running: Promise<void> | undefined;
  private again = false;
  private stopped = false;
  private retry: Timer | undefined;
  private readonly backoff: Backoff;
  private readonly flows: UdpFlows;
  private readonly relief: Relief | undefined;
  private readonly onServed: (ports: readonly ServedPort[]) => Promise<void>;
  private readonly clock: Clock;
  private readonly logger: Logger;

  /**
   * @param options.onServed is told after each run, and before reconcile() resolves, which Service ports are open; also
   *   when one could be opened only later. Never rejects.
   * @param options.carrier takes over portals that keep this thread busy; without it the proxy does everything itself.
   */
  constructor(options: { clock: Clock; logger: Logger; onServed: (ports: readonly ServedPort[]) => Promise<void>; carrier?: PortalCarrier }) {
    this.clock = options.clock;
    this.onServed = options.onServed;
    this.logger = options.logger;
    this.flows = new UdpFlows({ clock: options.clock });
    if (options.carrier) {
      this.relief = new Relief({ carrier: options.carrier, work: () => this.work(), utilization: threadUtilization(), clock: options.clock, logger: options.logger });
    }
    this.backoff = new Backoff({ initialMs: 500, maximumMs: 30_000 });
  }

  /** Takes a new plan; resolves when it is in force, as far as sockets could be opened. */
  reconcile(portals: readonly Portal[]): Promise<void> {
    this.wanted = portals;
    return this.run();
  }

  private served(): ServedPort[] {
    return [...this.open.values()].flatMap(({ portal: { protocol, listener: { ip, port } }, listensOn }) => (ip === undefined ? [] : [{ protocol, ip, port, listensOn }]));
  }

  /** Ends every socket and connection. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.retry?.cancel();
    await this.running;
    await this.relief?.stop();
    await Promise.all([...this.open.values()].map(({ socket }) => socket.destroy()));
    await Promise.all([...this.leaving].map((socket) => socket.destroy()));
    this.open.clear();
  }

  private *work(): Generator<readonly [string, number]> {
    for (const [key, { socket }] of this.open) if (socket instanceof TcpPortal) yield [key, socket.work];
  }

  private run(): Promise<void> {
    this.again = true;
    this.running ??= this.runUntilSettled().finally(() => { this.running = undefined; });
    return this.running;
  }

  private async runUntilSettled(): Promise<void> {
    while (this.again && !this.stopped) {
      this.again = false;
      const unchangedCarried = this.relief?.plan(this.wanted);
      await this.closeUnwanted();
      const failed = await this.openWanted();
      await unchangedCarried;
      await this.onServed(this.served());
      this.retry?.cancel();
      this.retry = failed ? this.clock.after(this.backoff.next(), () => void this.run()) : undefined;
      if (!failed) this.backoff.reset();
    }
  }

  private async closeUnwanted(): Promise<void> {
    const wanted = new Set(this.wanted.map((portal) => portal.key));
    for (const [key, { socket }] of this.open) {
      if (wanted.has(key)) continue;
      this.open.delete(key);
      if (socket instanceof TcpPortal) {
        this.leaving.add(socket);
        socket.whenIdle(() => this.leaving.delete(socket));
      }
      await socket.close();
    }
  }

  /** @returns true when a socket could not be opened. */
  private async openWanted(): Promise<boolean> {
    const failures = await Promise.all(this.wanted.map(async (portal) => {
      const current = this.open.get(portal.key);
      if (current) {
        current.balancer.update(portal.backends, portal.affinitySeconds);
        if (current.socket instanceof UdpPortal) current.socket.dropFlowsExcept(portal.backends);
        return false;
      }
      return !(await this.openPortal(portal));
    }));
    return failures.includes(true);
  }

  private async openPortal(portal: Portal): Promise<boolean> {
    const { clock } = this;
    const balancer = new LoadBalancer({ backends: portal.backends, affinitySeconds: portal.affinitySeconds, clock });
    const logger = this.logger.child({ service: portal.service, portal: portal.key });
    const socket = portal.protocol === 'TCP'
      ? new TcpPortal({ listener: portal.listener, balancer, logger, onAccept: () => this.relief?.wake() })
      : new UdpPortal({ key: portal.key, listener: portal.listener, balancer, flows: this.flows, clock, logger });
    try {
      const listensOn = await openSomewhere(socket, portal.listener.ip !== undefined);
      this.open.set(portal.key, { portal, balancer, socket, listensOn });
      return true;
    } catch (error) {
      logger.warn(isTaken(error) ? 'port is taken by another process of this board' : 'cannot listen', { error });
      return false;
    }
  }
}

/** The share of time that this thread was busy since the last call. */
function threadUtilization(): () => number {
  let last = performance.eventLoopUtilization();
  return () => {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, last);
    last = now;
    return utilization;
  };
}

/** A program that listens on every address has the port of a Service address too: the guard leads clients to another. */
async function openSomewhere(socket: TcpPortal | UdpPortal, mayMove: boolean): Promise<number> {
  try {
    return await socket.open();
  } catch (error) {
    if (!mayMove || !isTaken(error)) throw error;
    return socket.open(0);
  }
}

function isTaken(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'EADDRINUSE';
}
