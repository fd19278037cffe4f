import type { Node, Pod, PodAffinityTerm } from '../../../api/core.ts';
import { addAmounts, parseAmounts, podRequests, podRequestsForScore, type Amounts, type MutableAmounts } from './resource-amounts.ts';

/** A host port that a pod takes. */
export interface HostPort {
  protocol: string;
  /** `0.0.0.0`: all. */
  ip: string;
  port: number;
}

/** A node with what runs on it, kept up to date as pods come and go. */
export class NodeInfo {
  readonly name: string;
  /** Undefined while only pods of it are known: nothing is scheduled there. */
  node: Node | undefined;
  readonly requested: MutableAmounts = {};
  readonly requestedForScore: MutableAmounts = {};
  allocatable: Amounts = {};
  /** Image name → bytes. */
  images: ReadonlyMap<string, number> = new Map();
  private readonly byUid = new Map<string, Pod>();
  private readonly antiAffine = new Map<string, Pod>();
  private readonly affine = new Map<string, Pod>();

  constructor(name: string) {
    this.name = name;
  }

  get labels(): Readonly<Record<string, string>> {
    return this.node?.metadata?.labels ?? {};
  }

  get podCount(): number {
    return this.byUid.size;
  }

  pods(): Iterable<Pod> {
    return this.byUid.values();
  }

  /** Pods that keep others away by required anti-affinity. */
  antiAffinePods(): Iterable<Pod> {
    return this.antiAffine.values();
  }

  /** Pods with any wish about other pods, required or preferred: few, in most clusters. */
  affinePods(): Iterable<Pod> {
    return this.affine.values();
  }

  setNode(node: Node | undefined): void {
    this.node = node;
    this.allocatable = parseAmounts(node?.status?.allocatable);
    this.images = new Map((node?.status?.images ?? []).flatMap(({ names, sizeBytes }) => (names ?? []).map((name) => [name, sizeBytes ?? 0] as const)));
  }

  addPod(pod: Pod): void {
    this.removePod(pod);
    const uid = pod.metadata?.uid ?? '';
    this.byUid.set(uid, pod);
    if (requiredAntiAffinity(pod).length > 0) this.antiAffine.set(uid, pod);
    const { podAffinity, podAntiAffinity } = pod.spec?.affinity ?? {};
    if (podAffinity ?? podAntiAffinity) this.affine.set(uid, pod);
    addAmounts(this.requested, podRequests(pod));
    addAmounts(this.requestedForScore, podRequestsForScore(pod));
  }

  removePod(pod: Pod): void {
    const uid = pod.metadata?.uid ?? '';
    const present = this.byUid.get(uid);
    if (!present) return;
    this.byUid.delete(uid);
    this.antiAffine.delete(uid);
    this.affine.delete(uid);
    addAmounts(this.requested, podRequests(present), -1);
    addAmounts(this.requestedForScore, podRequestsForScore(present), -1);
  }

  hostPorts(): HostPort[] {
    return [...this.byUid.values()].flatMap(hostPortsOf);
  }
}

export function requiredAntiAffinity(pod: Pod): readonly PodAffinityTerm[] {
  return pod.spec?.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
}

export function hostPortsOf({ spec }: Pod): HostPort[] {
  const sidecars = (spec?.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always');
  return [...sidecars, ...(spec?.containers ?? [])].flatMap(({ ports = [] }) => ports).flatMap(({ hostPort, hostIP, protocol }) => (
    hostPort ? [{ port: hostPort, ip: hostIP || '0.0.0.0', protocol: protocol ?? 'TCP' }] : []));
}
