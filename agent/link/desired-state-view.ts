import type { ConfigMap, Pod, Secret, Service } from '../../api/core.ts';
import type { StateKey, StateMessage, StateObject } from '../../api/messaging/messages.ts';
import { isReadinessOverruled } from '../../api/pod-readiness.ts';
import { StateReceiver } from '../../machinery/nats/state-receiver.ts';
import { podReferences } from '../pods/pod-references.ts';
import { podSubstance } from './pod-substance.ts';

export type ViewChange =
  | { outcome: 'applied'; changed: boolean; podUids: string[] }
  | { outcome: 'ignored' | 'needsSync' };

/** The desired state by the keys the agent asks for, and which pods a change concerns. No I/O. */
export class DesiredStateView {
  private readonly receiver = new StateReceiver();
  private byUid = new Map<string, Pod>();

  get epoch(): string {
    return this.receiver.epoch;
  }

  get revision(): number {
    return this.receiver.revision;
  }

  objects(): StateObject[] {
    return this.receiver.all();
  }

  restore(saved: { epoch: string; revision: number; objects: readonly StateObject[] }): void {
    this.receiver.restore(saved);
    this.byUid = this.indexPods();
  }

  pods(): Pod[] {
    return [...this.byUid.values()];
  }

  pod(uid: string): Pod | undefined {
    return this.byUid.get(uid);
  }

  configMap(namespace: string, name: string): ConfigMap | undefined {
    return this.receiver.get(`ConfigMap/${namespace}/${name}`)?.object as ConfigMap | undefined;
  }

  secret(namespace: string, name: string): Secret | undefined {
    return this.receiver.get(`Secret/${namespace}/${name}`)?.object as Secret | undefined;
  }

  services(namespace: string): Service[] {
    return this.receiver.ofKind('Service').filter((service) => service.metadata?.namespace === namespace);
  }

  apply(message: StateMessage): ViewChange {
    const result = this.receiver.apply(message);
    if (result.outcome !== 'applied') return result;
    const before = this.byUid;
    this.byUid = this.indexPods();
    const podUids = new Set(this.changedPods(before));
    for (const uid of this.podsReferring(result.changedKeys)) podUids.add(uid);
    return { outcome: 'applied', changed: result.changedKeys.length > 0, podUids: [...podUids] };
  }

  private indexPods(): Map<string, Pod> {
    return new Map(this.receiver.ofKind('Pod').map((pod) => [pod.metadata?.uid ?? '', pod]));
  }

  private changedPods(before: ReadonlyMap<string, Pod>): string[] {
    const changed = [...before.keys()].filter((uid) => !this.byUid.has(uid));
    for (const [uid, pod] of this.byUid) {
      const previous = before.get(uid);
      if (previous !== pod && (!previous || isReadinessOverruled(pod) || podSubstance(previous) !== podSubstance(pod))) changed.push(uid);
    }
    return changed;
  }

  private podsReferring(keys: readonly StateKey[]): string[] {
    const sources = new Set(keys.filter((key) => key.startsWith('ConfigMap/') || key.startsWith('Secret/')));
    if (sources.size === 0) return [];
    return [...this.byUid].filter(([, pod]) => {
      const namespace = pod.metadata?.namespace ?? '';
      const { configMaps, secrets } = podReferences(pod);
      return [...configMaps].some((name) => sources.has(`ConfigMap/${namespace}/${name}`))
        || [...secrets].some((name) => sources.has(`Secret/${namespace}/${name}`));
    }).map(([uid]) => uid);
  }
}
