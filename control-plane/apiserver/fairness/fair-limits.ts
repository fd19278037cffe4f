/**
 * How many requests are under way, per priority level and fairly per user. The levels and their shares are the suggested
 * ones of Kubernetes (flowcontrol.apiserver.k8s.io: bootstrap): nodes and the system before workloads, workloads before
 * strangers. Administrators do not wait, but count against the limit of the whole server.
 */
import type { Clock } from '../../../machinery/clock.ts';
import { isMaster } from '../../authorization/authorizer.ts';
import type { UserInfo } from '../../registry/registry.ts';
import { FairQueue, type Release } from './fair-queue.ts';

export type PriorityLevel = 'exempt' | 'node-high' | 'system' | 'leader-election' | 'workload-high' | 'workload-low' | 'global-default' | 'catch-all';

const shares: Readonly<Record<Exclude<PriorityLevel, 'exempt'>, number>> = {
  'node-high': 40, system: 30, 'leader-election': 10, 'workload-high': 40, 'workload-low': 100, 'global-default': 20, 'catch-all': 5,
};

export interface FairLimitsOptions {
  /** Requests under way at once, of all levels. */
  maxInFlight: number;
  clock: Pick<Clock, 'after'>;
}

const queueLength = 50;
const queues = 128;
/** A quarter of the time a request may take, as in Kubernetes. */
const maxWaitMs = 15_000;

export class FairLimits {
  private readonly levels = new Map<PriorityLevel, FairQueue>();
  private readonly exempt: FairQueue;

  constructor({ maxInFlight, clock }: FairLimitsOptions) {
    const sum = Object.values(shares).reduce((total, share) => total + share, 0);
    const make = (seats: number, waits: boolean): FairQueue => new FairQueue({ seats, clock, maxWaitMs, queues: waits ? queues : 0, queueLength: waits ? queueLength : 0 });
    for (const [level, share] of Object.entries(shares)) {
      // Strangers do not wait: there are as many as they like.
      this.levels.set(level as PriorityLevel, make(Math.ceil(maxInFlight * share / sum), level !== 'catch-all'));
    }
    this.exempt = make(maxInFlight, false);
  }

  enter(user: UserInfo, about: { resource?: string; namespace?: string | undefined }, run: (release: Release) => void, refuse: () => void): () => void {
    return (this.levels.get(levelOf(user, about)) ?? this.exempt).enter(user.name, run, refuse);
  }
}

const accountsOfSystem = 'system:serviceaccounts:kube-system';

/** Which of the suggested FlowSchemas a request matches first. */
export function levelOf(user: UserInfo, { resource, namespace }: { resource?: string; namespace?: string | undefined }): PriorityLevel {
  if (isMaster(user)) return 'exempt';
  const { groups, name } = user;
  if (groups.includes('system:nodes')) return resource === 'nodes' || resource === 'leases' ? 'node-high' : 'system';
  const component = name === 'system:kube-controller-manager' || name === 'system:kube-scheduler' || groups.includes(accountsOfSystem);
  if (component) return resource === 'leases' && namespace === 'kube-system' ? 'leader-election' : 'workload-high';
  if (groups.includes('system:serviceaccounts')) return 'workload-low';
  return groups.includes('system:unauthenticated') ? 'catch-all' : 'global-default';
}
