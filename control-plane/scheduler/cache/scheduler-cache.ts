import type { Node, Pod } from '../../../api/core.ts';
import { NodeInfo } from './node-info.ts';

/**
 * Nodes and the pods on them, as the informers tell and as the scheduler has decided.
 *
 * ```
 *             assume            informer: bound
 *   unknown ─────────▶ assumed ────────────────▶ bound
 *      ▲                  │ forget                 │ informer: ended, deleted
 *      └──────────────────┴────────────────────────┘
 * ```
 */
export class SchedulerCache {
  private readonly infos = new Map<string, NodeInfo>();
  /** uid → where the pod counts. */
  private readonly places = new Map<string, { pod: Pod; node: string; assumed: boolean }>();

  /** Nodes that exist. */
  nodes(): NodeInfo[] {
    return [...this.infos.values()].filter(({ node }) => node !== undefined);
  }

  setNode(node: Node): void {
    this.info(node.metadata?.name ?? '').setNode(node);
  }

  removeNode(name: string): void {
    this.infos.get(name)?.setNode(undefined);
    this.release(name);
  }

  /** A decision that is not yet written counts from now on. */
  assume(pod: Pod, node: string): void {
    this.place(pod, node, true);
  }

  /** The decision could not be written. */
  forget(pod: Pod): void {
    if (this.places.get(pod.metadata?.uid ?? '')?.assumed) this.removePod(pod);
  }

  isAssumed(pod: Pod): boolean {
    return this.places.get(pod.metadata?.uid ?? '')?.assumed === true;
  }

  /** A pod with a node, as stored. */
  setPod(pod: Pod): void {
    this.place(pod, pod.spec?.nodeName ?? '', false);
  }

  removePod(pod: Pod): void {
    const uid = pod.metadata?.uid ?? '';
    const place = this.places.get(uid);
    if (!place) return;
    this.places.delete(uid);
    this.infos.get(place.node)?.removePod(place.pod);
    this.release(place.node);
  }

  private place(pod: Pod, node: string, assumed: boolean): void {
    this.removePod(pod);
    this.places.set(pod.metadata?.uid ?? '', { pod, node, assumed });
    this.info(node).addPod(pod);
  }

  private info(name: string): NodeInfo {
    let info = this.infos.get(name);
    if (!info) {
      info = new NodeInfo(name);
      this.infos.set(name, info);
    }
    return info;
  }

  /** What has neither node nor pods is not kept. */
  private release(name: string): void {
    const info = this.infos.get(name);
    if (info && !info.node && info.podCount === 0) this.infos.delete(name);
  }
}
