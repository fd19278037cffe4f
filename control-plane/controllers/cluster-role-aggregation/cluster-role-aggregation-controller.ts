/** The rules of a ClusterRole with an aggregationRule: those of all roles that its selectors match. Follows pkg/controller/clusterroleaggregation. */
import { matches, selectorFromLabelSelector } from '../../../api/labels.ts';
import type { ClusterRole, PolicyRule } from '../../../api/rbac.ts';
import { isNotFound } from '../../../api/errors.ts';
import { clusterRoles } from '../../../api/resources.ts';
import type { ResourceClient } from '../../../machinery/client.ts';
import { Controller } from '../../../machinery/controller.ts';
import type { Informer } from '../../../machinery/informer.ts';
import { deepEqual } from '../../registry/deep-equal.ts';
import type { ControllerContext, RunnableController } from '../controller-context.ts';

export class ClusterRoleAggregationController implements RunnableController {
  private readonly client: ResourceClient<ClusterRole>;
  private readonly informer: Informer<ClusterRole>;
  private readonly controller: Controller;

  constructor({ client, informers, clock, logger, random }: ControllerContext) {
    this.client = client.resource(clusterRoles);
    this.informer = informers.of(clusterRoles);
    this.controller = new Controller({ name: 'cluster-role-aggregation', workers: 1, reconcile: (name) => this.reconcile(name), clock, logger, random });
    // Any role may become, or cease to be, part of any other; there are few that aggregate.
    const enqueue = (): void => {
      for (const role of this.informer.list()) if (role.aggregationRule) this.controller.enqueue(role.metadata?.name ?? '');
    };
    this.informer.addHandler({ added: enqueue, updated: enqueue, deleted: enqueue });
  }

  start(signal: AbortSignal): void {
    this.controller.start(signal);
  }

  stop(): Promise<void> {
    return this.controller.stop();
  }

  private async reconcile(name: string): Promise<void> {
    const role = this.informer.get(name);
    if (!role?.aggregationRule || role.metadata?.deletionTimestamp) return;
    const rules = aggregate(role, this.informer.list());
    if (deepEqual(rules, role.rules ?? [])) return;
    try {
      await this.client.modify(name, undefined, (copy) => ({ ...copy, rules }));
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
}

/** In the order of the roles' names, each rule once. */
export function aggregate(role: ClusterRole, all: readonly ClusterRole[]): PolicyRule[] {
  const selectors = (role.aggregationRule?.clusterRoleSelectors ?? []).map((selector) => selectorFromLabelSelector(selector));
  const others = all
    .filter((other) => other.metadata?.name !== role.metadata?.name && selectors.some((selector) => selector && matches(selector, other.metadata?.labels)))
    .sort((one, other) => ((one.metadata?.name ?? '') < (other.metadata?.name ?? '') ? -1 : 1));
  const rules: PolicyRule[] = [];
  for (const rule of others.flatMap((other) => other.rules ?? [])) if (!rules.some((known) => deepEqual(known, rule))) rules.push(rule);
  return rules;
}
