/**
 * Renews certificates while the control plane runs: a cluster that nobody restarts for a year must not die of its
 * certificates. ensurePki issues anew what has less than 90 days left; here is when that is looked at, and who is told.
 */
import { schedule, type ScheduledTask } from 'node-cron';
import type { Logger } from '../../machinery/logger.ts';
import type { Pki } from './ensure-pki.ts';

/** Every night, at a minute when few other things of a machine run. */
const nightly = '17 3 * * *';

export interface CertificateRenewalOptions {
  /** What is in use. */
  current: Pki;
  /** ensurePki: reads, and issues what is due. */
  ensure: () => Promise<Pki>;
  /** Take the new certificates into use; called only for the ones that changed. */
  apply: {
    apiServer(pki: Pki): void;
    admin(pki: Pki): Promise<void>;
    nats(): Promise<void>;
  };
  logger: Logger;
}

export class CertificateRenewal {
  private current: Pki;
  private task: ScheduledTask | undefined;
  private readonly options: CertificateRenewalOptions;

  constructor(options: CertificateRenewalOptions) {
    this.options = options;
    this.current = options.current;
  }

  start(): void {
    this.task = schedule(nightly, () => this.renew(), { noOverlap: true });
  }

  async stop(): Promise<void> {
    await this.task?.destroy();
  }

  /** One look. A failure is logged and tried again the next night: there are 90 of them. */
  async renew(): Promise<void> {
    const { ensure, apply, logger } = this.options;
    try {
      const fresh = await ensure();
      const changed = (name: 'apiServer' | 'admin' | 'nats'): boolean => fresh[name].certificate !== this.current[name].certificate;
      if (changed('apiServer')) apply.apiServer(fresh);
      if (changed('admin')) await apply.admin(fresh);
      if (changed('nats')) await apply.nats();
      const renewed = (['apiServer', 'admin', 'nats'] as const).filter(changed);
      this.current = fresh;
      if (renewed.length > 0) logger.info('Certificates renewed', { certificates: renewed });
    } catch (error) {
      logger.error('Certificates cannot be renewed', { error });
    }
  }
}
