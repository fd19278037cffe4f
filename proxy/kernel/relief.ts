/**
 * Relieves a proxy that has too much to do: the portals that keep it busy are carried by the kernel for a while.
 *
 *             busy, unchanged for a while, much of the work            its backends change, or the lease ends
 *   proxy  ─────────────────────────────────────────────────▶  kernel ─────────────────────────────────────▶  proxy
 *
 * The proxy is the better place for a connection (it passes over a pod that refuses or does not answer, at once), the kernel
 * the cheaper one. So the kernel gets only what the proxy has no time for, and gives it back whenever something changes.
 * Connections that are open stay where they are, in both directions.
 */
import type { Clock, Timer } from '../../machinery/clock.ts';
import type { Logger } from '../../machinery/logger.ts';
import { backendKey } from '../userspace/load-balancer.ts';
import type { Portal } from '../service-plan.ts';
import type { PortalCarrier } from './kernel-path.ts';

const sampleMs = 500;
/** Share of the time that the proxy's thread is at work. */
const busyShare = 0.6;
/** A portal is worth it from this share of the work on, and this amount per sample. */
const workShare = 0.1;
const leastWork = 200;
/** Backends that changed just now are likely to change again (a roll-out). */
const settledMs = 5_000;
/** Then the proxy tries again: the load may be over. */
const leaseMs = 300_000;
const portalLimit = 32;
const backendLimit = 64;

export interface ReliefOptions {
  carrier: PortalCarrier;
  /** Work done so far by portal key, in any unit that grows with the time it takes. */
  work: () => Iterable<readonly [string, number]>;
  /** Share of the time since the last call that this thread was busy, 0 to 1. */
  utilization: () => number;
  clock: Clock;
  logger: Logger;
}

export class Relief {
  private known = new Map<string, { portal: Portal; text: string; changedAt: number }>();
  private readonly carried = new Map<string, number>();
  private lastWork = new Map<string, number>();
  private sampling: Timer | undefined;
  private lease: Timer | undefined;
  private stopped = false;
  private readonly options: ReliefOptions;

  constructor(options: ReliefOptions) {
    this.options = options;
  }

  /** Keys of the portals that the kernel carries. */
  get carriedKeys(): string[] {
    return [...this.carried.keys()];
  }

  /** Takes a new plan; resolves when nothing that changed is carried any more. */
  plan(portals: readonly Portal[]): Promise<void> {
    const now = this.options.clock.monotonic();
    const before = this.known;
    this.known = new Map(portals.filter(canBeCarried).map((portal) => {
      const text = `${portal.affinitySeconds} ${portal.backends.map(backendKey).join(' ')}`;
      const old = before.get(portal.key);
      return [portal.key, { portal, text, changedAt: old?.text === text ? old.changedAt : now }];
    }));
    for (const key of this.carried.keys()) {
      if (this.known.get(key)?.text !== before.get(key)?.text || !this.known.has(key)) this.giveBack(key, 'its endpoints changed');
    }
    return this.apply();
  }

  /** Somebody connects: from now on the load is watched, until there is none. */
  wake(): void {
    if (this.sampling || this.stopped || !this.options.carrier.usable) return;
    this.options.utilization();
    this.lastWork = new Map(this.options.work());
    this.sampling = this.options.clock.after(sampleMs, () => this.sample());
  }

  async stop(): Promise<void> {
    this.stopped = true;
    this.sampling?.cancel();
    this.lease?.cancel();
    this.carried.clear();
    await this.options.carrier.carry([]);
  }

  private sample(): void {
    this.sampling = undefined;
    const work = new Map(this.options.work());
    const done = [...work].map(([key, amount]) => [key, amount - (this.lastWork.get(key) ?? 0)] as const);
    this.lastWork = work;
    const total = done.reduce((sum, [, amount]) => sum + amount, 0);
    if (this.options.utilization() >= busyShare) {
      const heavy = done.filter(([, amount]) => amount >= leastWork && amount >= total * workShare).sort(([, one], [, other]) => other - one);
      for (const [key] of heavy) this.handOver(key);
      void this.apply();
    }
    if (total > 0) this.sampling = this.options.clock.after(sampleMs, () => this.sample());
  }

  private handOver(key: string): void {
    const entry = this.known.get(key);
    const now = this.options.clock.monotonic();
    if (!entry || this.carried.has(key) || this.carried.size >= portalLimit || now - entry.changedAt < settledMs) return;
    this.carried.set(key, now + leaseMs);
    this.options.logger.info('a busy Service goes through the kernel', { service: entry.portal.service, portal: key });
    this.lease ??= this.options.clock.after(leaseMs, () => this.endLeases());
  }

  private giveBack(key: string, reason: string): void {
    this.carried.delete(key);
    this.options.logger.info('a Service goes through the proxy again', { portal: key, reason });
  }

  private endLeases(): void {
    const now = this.options.clock.monotonic();
    for (const [key, until] of this.carried) if (until <= now) this.giveBack(key, 'to see whether it is still busy');
    const next = Math.min(...this.carried.values());
    this.lease = this.carried.size === 0 ? undefined : this.options.clock.after(next - now, () => this.endLeases());
    void this.apply();
  }

  private apply(): Promise<void> {
    const portals = [...this.carried.keys()].flatMap((key) => this.known.get(key)?.portal ?? []);
    return this.options.carrier.carry(portals);
  }
}

/** Affinity and the addresses of the board (NodePort) stay with the proxy. */
function canBeCarried({ protocol, listener, affinitySeconds, backends }: Portal): boolean {
  return protocol === 'TCP' && listener.ip !== undefined && affinitySeconds === undefined && backends.length <= backendLimit;
}
