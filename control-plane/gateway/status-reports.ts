import type { Pod } from '../../api/core.ts';
import { isConflict, isNotFound } from '../../api/errors.ts';
import type { EventReport, PodReport, StatusReply, StatusReport } from '../../api/messaging/messages.ts';
import { namespacedKey } from '../../api/meta.ts';
import { pods } from '../../api/resources.ts';
import type { ApiClient, ResourceClient } from '../../machinery/client.ts';
import type { EventRecorder } from '../../machinery/event-recorder.ts';
import type { Informer } from '../../machinery/informer.ts';
import type { Logger } from '../../machinery/logger.ts';
import { mergePodStatus } from './pod-status.ts';

export interface StatusReportsOptions {
  client: ApiClient;
  pods: Informer<Pod>;
  recorder: Pick<EventRecorder, 'record'>;
  logger: Logger;
}

const maximumEvents = 100;

/**
 * Writes what boards report of their pods.
 *
 * INVARIANT: a board can only speak of pods that are bound to it. The pod is looked up by name, uid and node; whatever else
 * the report says does not matter.
 */
export class StatusReports {
  private readonly options: StatusReportsOptions;
  private readonly client: ResourceClient<Pod>;

  constructor(options: StatusReportsOptions) {
    this.options = options;
    this.client = options.client.resource(pods);
  }

  /** Never throws: what could not be stored is in the reply, and comes again. */
  async handle(board: string, report: StatusReport): Promise<StatusReply> {
    const unknown: string[] = [];
    const failures: string[] = [];
    // First: the last report of a pod takes it away, and its last events come with it.
    for (const event of (report.events ?? []).slice(0, maximumEvents)) this.recordEvent(board, event);
    for (const podReport of report.pods) {
      try {
        if (!await this.handlePod(board, podReport)) unknown.push(podReport.uid);
      } catch (error) {
        this.options.logger.warn('Pod status could not be stored', { board, namespace: podReport.namespace, pod: podReport.name, error });
        failures.push(`${podReport.namespace}/${podReport.name}: ${(error as Error).message}`);
      }
    }
    return {
      ...(unknown.length > 0 ? { unknown } : {}),
      ...(failures.length > 0 ? { error: failures.join('; ') } : {}),
    };
  }

  /** @returns false when there is no such pod on this board. */
  private async handlePod(board: string, report: PodReport): Promise<boolean> {
    if (!this.find(board, report)) return false;
    try {
      const { status } = report;
      if (status) await this.client.modify(report.name, report.namespace, (pod) => this.merge(board, pod, report, status), 'status');
      if (report.terminated) await this.remove(report);
      return true;
    } catch (error) {
      if (isNotFound(error)) return false;
      throw error;
    }
  }

  private merge(board: string, pod: Pod, report: PodReport, reported: NonNullable<PodReport['status']>): Pod | undefined {
    if (pod.metadata?.uid !== report.uid || pod.spec?.nodeName !== board) return undefined;
    const status = mergePodStatus(pod, reported);
    return status ? { ...pod, status } : undefined;
  }

  /** The last step of a graceful deletion. A pod that ended and is not being deleted stays for its logs and status. */
  private async remove({ namespace, name, uid }: PodReport): Promise<void> {
    if (!this.options.pods.get(namespacedKey(namespace, name))?.metadata?.deletionTimestamp) return;
    try {
      await this.client.delete(name, namespace, { gracePeriodSeconds: 0, preconditions: { uid } });
    } catch (error) {
      // Conflict: another pod has the name by now, so this one is gone.
      if (!isNotFound(error) && !isConflict(error)) throw error;
    }
  }

  private find(board: string, { namespace, name, uid }: Pick<PodReport, 'namespace' | 'name' | 'uid'>): Pod | undefined {
    const pod = this.options.pods.get(namespacedKey(namespace, name));
    return pod?.metadata?.uid === uid && pod.spec?.nodeName === board ? pod : undefined;
  }

  /** About the board's own Node and pods only. */
  private recordEvent(board: string, { involvedObject, type, reason, message }: EventReport): void {
    const { kind, namespace = '', name = '', uid = '' } = involvedObject;
    const allowed = kind === 'Node' ? name === board : kind === 'Pod' && this.find(board, { namespace, name, uid }) !== undefined;
    if (allowed) this.options.recorder.record(involvedObject, type, reason, message, { component: 'kubelet', host: board });
    else this.options.logger.debug('Event of a board about something else', { board, kind, namespace, name });
  }
}
