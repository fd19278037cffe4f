import type { Affinity, Node, Pod, PodSpec, Taint } from '../../../api/core.ts';
import { NodeInfo } from '../cache/node-info.ts';
import type { ClusterView } from '../framework/interface.ts';

let uids = 0;

export interface PodOptions {
  namespace?: string;
  labels?: Record<string, string>;
  requests?: Record<string, string>;
  owner?: string;
  affinity?: Affinity;
  spec?: Partial<PodSpec>;
}

export function makePod(name: string, { namespace = 'default', labels = {}, requests, owner, affinity, spec }: PodOptions = {}): Pod {
  uids += 1;
  return {
    apiVersion: 'v1', kind: 'Pod',
    metadata: {
      name, namespace, uid: `uid-${uids}`, labels,
      ...(owner ? { ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: owner, uid: owner, controller: true }] } : {}),
    },
    spec: { containers: [{ name: 'main', image: 'web:1', ...(requests ? { resources: { requests } } : {}) }], ...(affinity ? { affinity } : {}), ...spec },
  };
}

export interface NodeOptions {
  labels?: Record<string, string>;
  allocatable?: Record<string, string>;
  taints?: Taint[];
  unschedulable?: boolean;
  images?: Record<string, number>;
}

export function makeNode(name: string, { labels = {}, allocatable, taints, unschedulable, images = {} }: NodeOptions = {}): Node {
  return {
    apiVersion: 'v1', kind: 'Node',
    metadata: { name, labels: { 'kubernetes.io/hostname': name, ...labels } },
    spec: { ...(taints ? { taints } : {}), ...(unschedulable ? { unschedulable } : {}) },
    status: {
      allocatable: { cpu: '4', memory: '4Gi', pods: '110', ...allocatable },
      images: Object.entries(images).map(([image, sizeBytes]) => ({ names: [image], sizeBytes })),
    },
  };
}

export function makeNodeInfo(name: string, options: NodeOptions = {}, pods: readonly Pod[] = []): NodeInfo {
  const info = new NodeInfo(name);
  info.setNode(makeNode(name, options));
  for (const pod of pods) info.addPod(pod);
  return info;
}

export function makeCluster(...nodes: NodeInfo[]): ClusterView {
  return { nodes, namespaceLabels: (name) => ({ 'kubernetes.io/metadata.name': name }) };
}
