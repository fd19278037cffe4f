/** What /livez and /readyz say of this control plane, check by check. */
import type { MessagingConnection } from '../machinery/nats/messaging-connection.ts';
import type { HealthCheck, HealthChecks } from './apiserver/routes/health.ts';
import type { ServingStore } from './storage/serving-store.ts';

export interface ServerHealthOptions {
  storage: Pick<ServingStore, 'failure'>;
  nats: Pick<MessagingConnection, 'status'>;
}

/** Begins as a server that starts, and is told when it has started and when it stops. */
export class ServerHealth {
  private state: 'starting' | 'started' | 'stopping' = 'starting';

  /** Every controller has seen what there is. */
  started(): void {
    if (this.state === 'starting') this.state = 'started';
  }

  /** From here on new clients should go elsewhere; requests are still answered. */
  stopping(): void {
    this.state = 'stopping';
  }

  checks({ storage, nats }: ServerHealthOptions): HealthChecks {
    const disk: HealthCheck = { name: 'storage', check: () => { if (storage.failure) throw storage.failure; } };
    const boards: HealthCheck = { name: 'nats', check: () => requireThat(nats.status === 'connected', `the connection to NATS is ${nats.status}`) };
    const informerSync: HealthCheck = { name: 'informer-sync', check: () => requireThat(this.state !== 'starting', 'informers have not synced yet') };
    const shutdown: HealthCheck = { name: 'shutdown', check: () => requireThat(this.state !== 'stopping', 'process is shutting down') };
    return { live: [disk], ready: [disk, boards, informerSync, shutdown] };
  }
}

function requireThat(holds: boolean, otherwise: string): void {
  if (!holds) throw new Error(otherwise);
}
