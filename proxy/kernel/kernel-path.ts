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

export class KernelPath implements PortalCarrier {
  usable = true;
  /** What a proxy before us left is unknown: the first call always writes. */
  private applied: string | undefined;
  private running: Promise<void> = Promise.resolve();
  private readonly serviceCIDR: string;
  private readonly logger: Logger;

  constructor(options: { serviceCIDR: string; logger: Logger }) {
    this.serviceCIDR = options.serviceCIDR;
    this.logger = options.logger;
  }

  carry(portals: readonly Portal[]): Promise<void> {
    this.running = this.running.then(() => this.apply(kernelScript(this.serviceCIDR, portals)));
    return this.running;
  }

  private async apply(script: string): Promise<void> {
    if (script === this.applied || !this.usable) return;
    try {
      await nft(script);
      this.applied = script;
    } catch (error) {
      this.usable = false;
      this.logger.warn('busy Services stay with the proxy: netfilter cannot carry them', { error });
      // Rules that can no longer follow the Services must not stay.
      await nft(removalScript(this.serviceCIDR)).catch((failure: unknown) => this.logger.debug('no netfilter rules to remove', { error: failure }));
    }
  }
}
