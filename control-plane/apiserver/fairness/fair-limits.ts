/**
 * How many requests are under way, per priority level and fairly per user. The levels and their shares are the suggested
 * ones of Kubernetes (flowcontrol.apiserver.k8s.io: bootstrap): nodes and the system before workloads, workloads before
 * strangers. Administrators do not wait. With a configuration, its FlowSchemas and levels decide instead; a level lends no seats.
 */
import type { Clock } from '../../../machinery/clock.ts';
import type { PriorityLevelConfiguration } from '../../../api/flowcontrol.ts';
import { isMaster } from '../../authorization/authorizer.ts';
import type { UserInfo } from '../../registry/registry.ts';
import { findFlowSchema, flowOf, type FlowConfiguration, type FlowRequest, type FlowRules } from './flow-configuration.ts';
import { FairQueue, type Release } from './fair-queue.ts';

export type PriorityLevel = 'exempt' | 'node-high' | 'system' | 'leader-election' | 'workload-high' | 'workload-low' | 'global-default' | 'catch-all';

const shares: Readonly<Record<Exclude<PriorityLevel, 'exempt'>, number>> = {
  'node-high': 40, system: 30, 'leader-election': 10, 'workload-high': 40, 'workload-low': 100, 'global-default': 20, 'catch-all': 5,
};

export interface FairLimitsOptions {
  /** Requests under way at once, of all levels. */
  maxInFlight: number;
  clock: Pick<Clock, 'after'>;
  /** Absent: the suggested levels, as they are. */
  flows?: Pick<FlowConfiguration, 'current'> | undefined;
}

/** Uids, as the headers of answers name them. */
export interface MatchedFlow {
  schemaUid: string;
  levelUid: string;
}

const queueLength = 50;
const queues = 128;
const defaultShares = 30;
/** Whatever a level asks for: what waits is memory. */
const maxQueues = 1024;
const maxQueueLength = 1000;
/** A quarter of the time a request may take, as in Kubernetes. */
const maxWaitMs = 15_000;

export class FairLimits {
  private readonly options: FairLimitsOptions;
  private readonly levels = new Map<string, FairQueue>();
  private readonly exempt: FairQueue;
  private applied: FlowRules | undefined;
  private exemptFlow: MatchedFlow | undefined;

  constructor(options: FairLimitsOptions) {
    this.options = options;
    const { maxInFlight, clock } = options;
    const sum = Object.values(shares).reduce((total, share) => total + share, 0);
    const make = (seats: number, waits: boolean): FairQueue => new FairQueue({ seats, clock, maxWaitMs, queues: waits ? queues : 0, queueLength: waits ? queueLength : 0 });
    for (const [level, share] of Object.entries(shares)) {
      // Strangers do not wait: there are as many as they like.
      this.levels.set(level, make(Math.ceil(maxInFlight * share / sum), level !== 'catch-all'));
    }
    this.exempt = make(maxInFlight, false);
  }

  /**
   * @param run called with the seat, at once where one is free.
   * @param refuse called instead when too much waits, or too long.
   * @param classified called first, with what the request was matched by; not without a configuration.
   * @returns the client went away while waiting.
   */
  enter(user: UserInfo, about: FlowRequest, run: (release: Release) => void, refuse: () => void, classified?: (flow: MatchedFlow) => void): () => void {
    const rules = this.options.flows?.current;
    if (rules) {
      if (rules !== this.applied) this.apply(rules);
      if (isMaster(user)) {
        if (this.exemptFlow) classified?.(this.exemptFlow);
        return this.exempt.enter(user.name, run, refuse);
      }
      const schema = findFlowSchema(rules, user, about);
      const name = schema?.spec?.priorityLevelConfiguration.name ?? '';
      const level = rules.levels.get(name);
      if (schema && level) {
        classified?.({ schemaUid: schema.metadata?.uid ?? '', levelUid: level.metadata?.uid ?? '' });
        return (this.levels.get(name) ?? this.exempt).enter(flowOf(schema, user, about), run, refuse);
      }
    }
    return (this.levels.get(levelOf(user, about)) ?? this.exempt).enter(user.name, run, refuse);
  }

  /** Requests under way keep their seats, those that wait their turn, where their level stays. */
  private apply(rules: FlowRules): void {
    const { maxInFlight, clock } = this.options;
    this.applied = rules;
    const exemptUid = rules.levels.get('exempt')?.metadata?.uid;
    const exemptSchema = rules.schemas.find(({ metadata }) => metadata?.name === 'exempt')?.metadata?.uid;
    this.exemptFlow = exemptUid && exemptSchema ? { schemaUid: exemptSchema, levelUid: exemptUid } : undefined;
    // Requests of a level that is gone are still served: they hold its queue.
    for (const name of this.levels.keys()) if (!rules.levels.has(name) && !Object.hasOwn(shares, name)) this.levels.delete(name);
    const limited = [...rules.levels].filter(([, { spec }]) => spec?.type === 'Limited');
    const sharesOf = (level: PriorityLevelConfiguration): number => level.spec?.limited?.nominalConcurrencyShares ?? defaultShares;
    const sum = limited.reduce((total, [, level]) => total + sharesOf(level), 0);
    for (const [name, level] of rules.levels) if (level.spec?.type !== 'Limited') this.levels.delete(name);
    for (const [name, level] of limited) {
      const { type, queuing } = level.spec?.limited?.limitResponse ?? {};
      const waits = type === 'Queue';
      const bounds = {
        seats: Math.max(1, Math.ceil(maxInFlight * sharesOf(level) / Math.max(sum, 1))),
        queues: waits ? Math.min(queuing?.queues ?? queues, maxQueues) : 0, queueLength: waits ? Math.min(queuing?.queueLengthLimit ?? queueLength, maxQueueLength) : 0,
      };
      const known = this.levels.get(name);
      if (known) known.resize(bounds);
      else this.levels.set(name, new FairQueue({ ...bounds, clock, maxWaitMs }));
    }
  }
}

const accountsOfSystem = 'system:serviceaccounts:kube-system';

/** Which of the suggested FlowSchemas a request matches first. */
export function levelOf(user: UserInfo, { resource, namespace }: FlowRequest): PriorityLevel {
  if (isMaster(user)) return 'exempt';
  const { groups, name } = user;
  if (groups.includes('system:nodes')) return resource === 'nodes' || resource === 'leases' ? 'node-high' : 'system';
  const component = name === 'system:kube-controller-manager' || name === 'system:kube-scheduler' || groups.includes(accountsOfSystem);
  if (component) return resource === 'leases' && namespace === 'kube-system' ? 'leader-election' : 'workload-high';
  if (groups.includes('system:serviceaccounts')) return 'workload-low';
  return groups.includes('system:unauthenticated') ? 'catch-all' : 'global-default';
}
