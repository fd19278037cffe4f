/**
 * How many requests are under way, per priority level and fairly inside of it: FlowSchemas say which level a request is of, the
 * levels share the seats. A level whose seats are taken borrows what others lend and do not need at the moment.
 * Follows k8s.io/apiserver/pkg/util/flowcontrol.
 */
import type { Clock } from '../../../machinery/clock.ts';
import type { PriorityLevelConfiguration } from '../../../api/flowcontrol.ts';
import type { UserInfo } from '../../registry/registry.ts';
import { findFlowSchema, flowOf, suggestedRules, type FlowConfiguration, type FlowRequest, type FlowRules } from './flow-configuration.ts';
import { FairQueue, Lenders, type Release } from './fair-queue.ts';

export interface FairLimitsOptions {
  /** Requests under way at once, of all levels. */
  maxInFlight: number;
  clock: Pick<Clock, 'after'>;
  /** Absent: those that a cluster begins with. */
  flows?: Pick<FlowConfiguration, 'current'> | undefined;
}

/** Uids, as the headers of answers name them; empty of what is not in the store. */
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
  private readonly flows: Pick<FlowConfiguration, 'current'>;
  private readonly levels = new Map<string, FairQueue>();
  private readonly lenders = new Lenders();
  /** Nobody waits here. */
  private readonly exempt: FairQueue;
  private applied: FlowRules | undefined;

  constructor(options: FairLimitsOptions) {
    this.options = options;
    this.flows = options.flows ?? { current: suggestedRules() };
    const { maxInFlight, clock } = options;
    this.exempt = new FairQueue({ seats: maxInFlight, clock, maxWaitMs, queues: 0, queueLength: 0 });
  }

  /**
   * @param run called with the seat, at once where one is free.
   * @param refuse called instead when too much waits, or too long.
   * @param classified called first, with what the request was matched by.
   * @returns the client went away while waiting.
   */
  enter(user: UserInfo, about: FlowRequest, run: (release: Release) => void, refuse: () => void, classified?: (flow: MatchedFlow) => void): () => void {
    const rules = this.flows.current;
    if (rules !== this.applied) this.apply(rules);
    // Everybody is authenticated or not, so that the last one matches; who is neither is treated alike.
    const schema = findFlowSchema(rules, user, about) ?? rules.schemas.at(-1)!;
    const { name } = schema.spec!.priorityLevelConfiguration;
    classified?.({ schemaUid: schema.metadata?.uid ?? '', levelUid: rules.levels.get(name)?.metadata?.uid ?? '' });
    return (this.levels.get(name) ?? this.exempt).enter(flowOf(schema, user, about), run, refuse);
  }

  /** Requests under way keep their seats, those that wait their turn, where their level stays. */
  private apply(rules: FlowRules): void {
    const { maxInFlight, clock } = this.options;
    this.applied = rules;
    // Requests of a level that is gone are still served: they hold its queue.
    for (const [name, queue] of this.levels) {
      if (rules.levels.get(name)?.spec?.type === 'Limited') continue;
      this.levels.delete(name);
      this.lenders.delete(queue);
    }
    const limited = [...rules.levels].filter(([, { spec }]) => spec?.type === 'Limited');
    const sharesOf = (level: PriorityLevelConfiguration): number => level.spec?.limited?.nominalConcurrencyShares ?? defaultShares;
    const sum = limited.reduce((total, [, level]) => total + sharesOf(level), 0);
    for (const [name, level] of limited) {
      const { lendablePercent = 0, borrowingLimitPercent, limitResponse: { type, queuing } = {} } = level.spec?.limited ?? {};
      const waits = type === 'Queue';
      const seats = Math.max(1, Math.ceil(maxInFlight * sharesOf(level) / Math.max(sum, 1)));
      const bounds = {
        seats, lendable: Math.round(seats * lendablePercent / 100), borrowingLimit: Math.round(seats * (borrowingLimitPercent ?? Infinity) / 100),
        queues: waits ? Math.min(queuing?.queues ?? queues, maxQueues) : 0, queueLength: waits ? Math.min(queuing?.queueLengthLimit ?? queueLength, maxQueueLength) : 0,
      };
      const known = this.levels.get(name);
      if (known) {
        known.resize(bounds);
        continue;
      }
      const queue = new FairQueue({ ...bounds, clock, maxWaitMs, lenders: this.lenders });
      this.levels.set(name, queue);
      this.lenders.add(queue);
    }
  }
}
