import { namespacedKey } from '../../api/meta.ts';
import type { ConfigMap, Pod, Secret, Service } from '../../api/core.ts';
import type { BoardNetwork } from '../../api/messaging/messages.ts';
import type { DesiredState } from '../pods/desired-state.ts';
import { podReferences } from '../pods/pod-references.ts';

export type DesiredObject =
  | { kind: 'Pod'; object: Pod }
  | { kind: 'ConfigMap'; object: ConfigMap }
  | { kind: 'Secret'; object: Secret }
  | { kind: 'Service'; object: Service };

export const testNetwork: BoardNetwork = {
  podCIDR: '198.18.1.0/24',
  clusterCIDR: '198.18.0.0/16',
  serviceCIDR: '198.19.0.0/16',
  dnsAddress: '198.19.0.10',
  clusterDomain: 'cluster.local',
};

/** A desired state that a test sets by hand. Each call of put or remove is one applied change. */
export class InMemoryDesiredState implements DesiredState {
  ready: boolean;
  network: BoardNetwork | undefined;
  private readonly podsByUid = new Map<string, Pod>();
  private readonly configMaps = new Map<string, ConfigMap>();
  private readonly secrets = new Map<string, Secret>();
  private readonly servicesByKey = new Map<string, Service>();
  private readonly handlers: ((podUids: readonly string[]) => void)[] = [];

  constructor(options: { ready?: boolean; network?: BoardNetwork | undefined } = {}) {
    this.ready = options.ready ?? true;
    this.network = 'network' in options ? options.network : testNetwork;
  }

  pods(): Pod[] {
    return [...this.podsByUid.values()];
  }

  pod(uid: string): Pod | undefined {
    return this.podsByUid.get(uid);
  }

  configMap(namespace: string, name: string): ConfigMap | undefined {
    return this.configMaps.get(namespacedKey(namespace, name));
  }

  secret(namespace: string, name: string): Secret | undefined {
    return this.secrets.get(namespacedKey(namespace, name));
  }

  services(namespace: string): Service[] {
    return [...this.servicesByKey.values()].filter((service) => service.metadata?.namespace === namespace);
  }

  onChange(handler: (podUids: readonly string[]) => void): void {
    this.handlers.push(handler);
  }

  /** Creates or replaces objects; pods that name a changed ConfigMap or Secret are reported as changed. */
  put(...objects: DesiredObject[]): void {
    const changed = new Set<string>();
    for (const entry of objects) {
      switch (entry.kind) {
        case 'Pod':
          this.podsByUid.set(entry.object.metadata!.uid!, entry.object);
          changed.add(entry.object.metadata!.uid!);
          break;
        case 'ConfigMap':
          this.configMaps.set(keyOf(entry.object), entry.object);
          break;
        case 'Secret':
          this.secrets.set(keyOf(entry.object), entry.object);
          break;
        case 'Service':
          this.servicesByKey.set(keyOf(entry.object), entry.object);
          break;
      }
      this.addReferring(entry, changed);
    }
    this.notify(changed);
  }

  putPod(pod: Pod): void {
    this.put({ kind: 'Pod', object: pod });
  }

  /** Removes one object, by the same identity put uses. */
  remove(entry: DesiredObject): void {
    const changed = new Set<string>();
    switch (entry.kind) {
      case 'Pod':
        this.podsByUid.delete(entry.object.metadata!.uid!);
        changed.add(entry.object.metadata!.uid!);
        break;
      case 'ConfigMap':
        this.configMaps.delete(keyOf(entry.object));
        break;
      case 'Secret':
        this.secrets.delete(keyOf(entry.object));
        break;
      case 'Service':
        this.servicesByKey.delete(keyOf(entry.object));
        break;
    }
    this.addReferring(entry, changed);
    this.notify(changed);
  }

  removePod(uid: string): void {
    const pod = this.podsByUid.get(uid);
    if (pod) this.remove({ kind: 'Pod', object: pod });
  }

  private addReferring(entry: DesiredObject, changed: Set<string>): void {
    if (entry.kind !== 'ConfigMap' && entry.kind !== 'Secret') return;
    for (const [uid, pod] of this.podsByUid) {
      if (pod.metadata?.namespace !== entry.object.metadata?.namespace) continue;
      const references = podReferences(pod);
      const names = entry.kind === 'ConfigMap' ? references.configMaps : references.secrets;
      if (names.has(entry.object.metadata?.name ?? '')) changed.add(uid);
    }
  }

  private notify(changed: ReadonlySet<string>): void {
    for (const handler of this.handlers) handler([...changed]);
  }
}

function keyOf(object: { metadata?: { namespace?: string; name?: string } }): string {
  return namespacedKey(object.metadata?.namespace, object.metadata?.name ?? '');
}
