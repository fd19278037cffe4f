/**
 * Counts for every PodDisruptionBudget how many of its pods may be evicted now. Evictions spend what its status allows; this
 * is the only place where it grows again. Follows k8s.io/kubernetes/pkg/controller/disruption.
 */
import type { Pod } from '../../../api/core.ts';
import { isConflict, isNotFound } from '../../../api/errors.ts';
import { matches, selectorFromLabelSelector } from '../../../api/labels.ts';
import { controllerOf, objectKey } from '../../../api/meta.ts';
import type { PodDisruptionBudget } from '../../../api/policy.ts';
import { podDisruptionBudgets, pods } from '../../../api/resources.ts';
import { Controller } from '../../../machinery/controller.ts';
import type { Informer } from '../../../machinery/informer.ts';
import type { ControllerContext, EventSink, RunnableController } from '../controller-context.ts';
import { isPodReady, isPodTerminating } from '../pod-readiness.ts';
import { semanticEqual } from '../semantic-equality.ts';
import { countPods, failedStatus, needsScale, reviewBudget, type BudgetReview, type BudgetStatus, type PodCounts } from './budget-status.ts';
import { expectedScale } from './controller-scales.ts';
import { describeSelector } from './describe-selector.ts';

export class DisruptionController implements RunnableController {
  private readonly context: ControllerContext;
  private readonly budgets: Informer<PodDisruptionBudget>;
  private readonly podInformer: Informer<Pod>;
  private readonly recorder: EventSink;
  private readonly controller: Controller;

  constructor(context: ControllerContext) {
    const { informers, clock, logger, random } = context;
    this.context = context;
    this.budgets = informers.of(podDisruptionBudgets);
    this.podInformer = informers.of(pods);
    this.recorder = context.recorder('controllermanager');
    this.controller = new Controller({ name: 'disruption', workers: 1, reconcile: (key) => this.reconcile(key), clock, logger, random });
    this.budgets.addHandler({
      added: (budget) => this.controller.enqueue(objectKey(budget)),
      updated: (_previous, budget) => this.controller.enqueue(objectKey(budget)),
      deleted: () => {},
    });
    this.podInformer.addHandler({
      added: (pod) => this.enqueueBudgets(pod),
      updated: (previous, pod) => {
        if (countsAlike(previous, pod)) return;
        this.enqueueBudgets(previous);
        this.enqueueBudgets(pod);
      },
      deleted: (pod) => this.enqueueBudgets(pod),
    });
  }

  start(signal: AbortSignal): void {
    this.controller.start(signal);
  }

  stop(): Promise<void> {
    return this.controller.stop();
  }

  private enqueueBudgets(pod: Pod): void {
    const covering = this.budgets.list(pod.metadata?.namespace).filter((budget) => covers(budget, pod));
    for (const budget of covering) this.controller.enqueue(objectKey(budget));
    const [first, ...more] = covering;
    if (!first || more.length === 0) return;
    const { namespace = '', name = '' } = pod.metadata ?? {};
    this.recorder.event(pod, 'Warning', 'MultiplePodDisruptionBudgets',
      `Pod ${JSON.stringify(namespace)}/${JSON.stringify(name)} matches multiple PodDisruptionBudgets.  Chose ${JSON.stringify(first.metadata?.name ?? '')} arbitrarily.`);
  }

  private async reconcile(key: string): Promise<void> {
    const budget = this.budgets.get(key);
    if (!budget) return;
    try {
      await this.count(budget);
    } catch (error) {
      if (isConflict(error)) throw error;
      const message = error instanceof Error ? error.message : String(error);
      await this.writeStatus(budget, (copy) => failedStatus(copy, message, this.context.clock.now()));
    }
  }

  private async count(budget: PodDisruptionBudget): Promise<void> {
    const covered = this.podInformer.list(budget.metadata?.namespace).filter((pod) => covers(budget, pod));
    if (covered.length === 0) this.recorder.event(budget, 'Normal', 'NoPods', 'No matching pods found');
    const counts = await this.expectedCounts(budget, covered);
    const now = this.context.clock.now();
    let review: BudgetReview | undefined;
    // Reviewed anew for each attempt: an eviction may have spent from the budget in between.
    await this.writeStatus(budget, (copy) => {
      review = reviewBudget(copy, covered, counts, now);
      return review.status;
    });
    for (const pod of review?.notDeleted ?? []) {
      const { namespace = '', name = '' } = budget.metadata ?? {};
      this.recorder.event(pod, 'Warning', 'NotDeleted', `Pod was expected by PDB ${namespace}/${name} to be deleted but it wasn't`);
    }
    if (review?.recheckMs !== undefined) this.controller.enqueueAfter(objectKey(budget), review.recheckMs);
  }

  private async expectedCounts(budget: PodDisruptionBudget, covered: readonly Pod[]): Promise<PodCounts> {
    if (!needsScale(budget)) return countPods(budget, covered.length);
    try {
      const { total, unmanaged } = await expectedScale(this.context.client, this.context.catalog, covered);
      if (unmanaged.length > 0) this.recorder.event(budget, 'Warning', 'UnmanagedPods', unmanagedMessage(budget));
      return countPods(budget, total);
    } catch (error) {
      this.recorder.event(budget, 'Warning', 'CalculateExpectedPodCountFailed', `Failed to calculate the number of expected pods: ${error instanceof Error ? error.message : String(error)}`);
      throw error;
    }
  }

  private async writeStatus(budget: PodDisruptionBudget, statusOf: (copy: PodDisruptionBudget) => BudgetStatus): Promise<void> {
    const { name = '', namespace, uid } = budget.metadata ?? {};
    try {
      await this.context.client.resource(podDisruptionBudgets).modify(name, namespace, (copy) => {
        // A spec that changed meanwhile is in the queue already, and its generation must not pass for counted.
        if (copy.metadata?.uid !== uid || copy.metadata?.generation !== budget.metadata?.generation) return undefined;
        const status = statusOf(copy);
        return semanticEqual(copy.status, status) ? undefined : { ...copy, status };
      }, 'status');
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
}

/** A budget with an empty selector covers all pods of its namespace, one without a selector none. */
function covers({ spec }: PodDisruptionBudget, pod: Pod): boolean {
  const selector = selectorFromLabelSelector(spec?.selector);
  return selector !== undefined && matches(selector, pod.metadata?.labels);
}

/** Heartbeats and other changes of a pod that no budget is interested in. */
function countsAlike(previous: Pod, pod: Pod): boolean {
  return isPodReady(previous) === isPodReady(pod) && isPodTerminating(previous) === isPodTerminating(pod)
    && semanticEqual(previous.metadata?.labels, pod.metadata?.labels) && controllerOf(previous)?.uid === controllerOf(pod)?.uid;
}

function unmanagedMessage({ spec }: PodDisruptionBudget): string {
  return `Pods selected by this PodDisruptionBudget (selector: ${describeSelector(spec?.selector)}) were found to be unmanaged. `
    + 'As a result, the status of the PDB cannot be calculated correctly, which may result in undefined behavior. '
    + 'To account for these pods please set ".spec.minAvailable" field of the PDB to an integer value.';
}
