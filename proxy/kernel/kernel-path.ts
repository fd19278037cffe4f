/** Applies which portals go through the kernel. Where the board's nft cannot do it, none ever does, and the log says why. */
import type { Logger } from '../../machinery/logger.ts';
import { nft } from '../nft.ts';
import type { Portal } from '../service-plan.ts';
import { kernelScript, removalScript } from './kernel-script.ts';

export interface PortalCarrier {
  /** Whether it can carry any. */
  readonly usable: boolean;
  /** Resolves when exactly these portals are carried. Never rejects. */
  carry(portals: readonly Portal[]): Promise<void>;
}

/** Of the connections that the kernel carries, those to so many addresses are ended when their pod goes. */
const carriedLimit = 1_024;

export class KernelPath implements PortalCarrier {
  usable = true;
  /** What a proxy before us left is unknown: the first call always writes. */
  private applied: string | undefined;
  private running: Promise<void> = Promise.resolve();
  private forgetsHandshakes = true;
  /** Addresses that connections were sent to, the oldest first. */
  private readonly carried = new Set<string>();
  private readonly serviceCIDR: string;
  private readonly logger: Logger;

  constructor(options: { serviceCIDR: string; logger: Logger }) {
    this.serviceCIDR = options.serviceCIDR;
    this.logger = options.logger;
  }

  carry(portals: readonly Portal[]): Promise<void> {
    for (const { ip } of portals.flatMap(({ backends }) => backends)) {
      this.carried.delete(ip);
      this.carried.add(ip);
    }
    for (const ip of this.carried) if (this.carried.size > carriedLimit) this.carried.delete(ip);
    this.running = this.running.then(() => this.apply(portals));
    return this.running;
  }

  /** Addresses that connections were sent to and that are no endpoint any more. */
  severed(endpoints: ReadonlySet<string>): string[] {
    return [...this.carried].filter((ip) => !endpoints.has(ip));
  }

  private async apply(portals: readonly Portal[]): Promise<void> {
    if (!this.usable || this.script(portals) === this.applied) return;
    try {
      await this.write(portals);
    } catch (error) {
      this.usable = false;
      this.logger.warn('busy Services stay with the proxy: netfilter cannot carry them', { error });
      // Rules that can no longer follow the Services must not stay.
      await nft(removalScript(this.serviceCIDR)).catch((failure: unknown) => this.logger.debug('no netfilter rules to remove', { error: failure }));
    }
  }

  private async write(portals: readonly Portal[]): Promise<void> {
    try {
      await nft(this.script(portals));
    } catch (error) {
      if (!this.forgetsHandshakes) throw error;
      // A kernel without timeout policies of conntrack.
      this.forgetsHandshakes = false;
      this.logger.debug('netfilter cannot forget unanswered handshakes', { error });
      await nft(this.script(portals));
    }
    this.applied = this.script(portals);
  }

  private script(portals: readonly Portal[]): string {
    return kernelScript(this.serviceCIDR, portals, { forgetHandshakes: this.forgetsHandshakes });
  }
}
