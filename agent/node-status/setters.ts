/** Each setter fills one part of the node's status. Their order is that of the array at the end. */
import type { NodeCondition, NodeStatus } from '../../api/core.ts';
import { formatBytes, formatMilli } from '../../api/quantity.ts';
import type { NodeFacts } from './node-facts.ts';
import type { NodeReadings } from './node-readings.ts';

export interface NodeInputs {
  facts: NodeFacts;
  readings: NodeReadings;
  images: readonly { names: readonly string[]; sizeBytes: number }[];
  kubeletVersion: string;
  /** Why the engine does not answer; undefined when it does. */
  runtimeError: string | undefined;
  /** False before the pod network is there. */
  networkReady: boolean;
  /** Metav1.Time, now. */
  now: string;
  /** Conditions as they were, for lastTransitionTime. */
  previous: readonly NodeCondition[];
}

export type NodeStatusSetter = (status: NodeStatus, inputs: NodeInputs) => void;

export const maximumPods = 110;
const maximumImages = 50;
const mebibyte = 1024 * 1024;

/** The kubelet's default hard eviction thresholds. */
const memoryThresholdBytes = 100 * mebibyte;
const diskThreshold = 0.1;
const inodeThreshold = 0.05;
const processThreshold = 0.95;

const setAddresses: NodeStatusSetter = (status, { facts }) => {
  status.addresses = [{ type: 'InternalIP', address: facts.internalIP }, { type: 'Hostname', address: facts.hostname }];
};

const setCapacity: NodeStatusSetter = (status, { facts }) => {
  status.capacity = {
    cpu: String(facts.cpus),
    memory: `${Math.floor(facts.memoryBytes / 1024)}Ki`,
    'ephemeral-storage': `${Math.floor(facts.diskBytes / 1024)}Ki`,
    pods: String(maximumPods),
  };
};

/**
 * What pods may use: capacity without what the board's own programs need (a tenth of the memory, at least 64 and at most
 * 256 MiB; a twentieth of a core) and without the eviction thresholds.
 */
const setAllocatable: NodeStatusSetter = (status, { facts }) => {
  const reserved = Math.min(256 * mebibyte, Math.max(64 * mebibyte, facts.memoryBytes / 10));
  const threshold = Math.min(memoryThresholdBytes, facts.memoryBytes / 10);
  const memory = Math.max(0, facts.memoryBytes - reserved - threshold);
  status.allocatable = {
    cpu: formatMilli(Math.max(0, facts.cpus * 1000 - 50)),
    memory: `${Math.floor(memory / 1024)}Ki`,
    'ephemeral-storage': formatBytes(Math.floor(facts.diskBytes * (1 - diskThreshold))),
    pods: String(maximumPods),
  };
};

const setNodeInfo: NodeStatusSetter = (status, { facts, kubeletVersion }) => {
  status.nodeInfo = {
    machineID: facts.machineID,
    systemUUID: facts.systemUUID,
    bootID: facts.bootID,
    kernelVersion: facts.kernelVersion,
    osImage: facts.osImage,
    containerRuntimeVersion: facts.containerRuntimeVersion,
    kubeletVersion,
    // Deprecated and empty in Kubernetes 1.36, but required by the schema.
    kubeProxyVersion: '',
    operatingSystem: 'linux',
    architecture: facts.architecture,
    ...(facts.swapBytes > 0 ? { swap: { capacity: facts.swapBytes } } : {}),
  };
};

const setImages: NodeStatusSetter = (status, { images }) => {
  status.images = [...images].sort((one, other) => other.sizeBytes - one.sizeBytes).slice(0, maximumImages)
    .map((image) => ({ names: image.names.slice(0, 5), sizeBytes: image.sizeBytes }));
};

function setCondition(status: NodeStatus, inputs: NodeInputs, condition: Pick<NodeCondition, 'type' | 'status' | 'reason' | 'message'>): void {
  const before = inputs.previous.find((one) => one.type === condition.type);
  const changed = before?.status !== condition.status;
  const lastTransitionTime = changed ? inputs.now : before.lastTransitionTime ?? inputs.now;
  status.conditions = [...(status.conditions ?? []), { ...condition, lastHeartbeatTime: inputs.now, lastTransitionTime }];
}

interface Verdict {
  bad: boolean;
  badReason: string;
  badMessage: string;
  goodReason: string;
  goodMessage: string;
}

function pressure(type: string, judge: (readings: NodeReadings, facts: NodeFacts) => Verdict): NodeStatusSetter {
  return (status, inputs) => {
    const verdict = judge(inputs.readings, inputs.facts);
    setCondition(status, inputs, {
      type,
      status: verdict.bad ? 'True' : 'False',
      reason: verdict.bad ? verdict.badReason : verdict.goodReason,
      message: verdict.bad ? verdict.badMessage : verdict.goodMessage,
    });
  };
}

const setMemoryPressure = pressure('MemoryPressure', (readings, facts) => ({
  bad: readings.memoryAvailableBytes < Math.min(memoryThresholdBytes, facts.memoryBytes / 10),
  badReason: 'KubeletHasInsufficientMemory',
  badMessage: 'kubelet has insufficient memory available',
  goodReason: 'KubeletHasSufficientMemory',
  goodMessage: 'kubelet has sufficient memory available',
}));

const setDiskPressure = pressure('DiskPressure', (readings) => ({
  // Some file systems (btrfs) count no inodes.
  bad: readings.diskAvailableBytes < readings.diskBytes * diskThreshold || (readings.inodes > 0 && readings.inodesFree < readings.inodes * inodeThreshold),
  badReason: 'KubeletHasDiskPressure',
  badMessage: 'kubelet has disk pressure',
  goodReason: 'KubeletHasNoDiskPressure',
  goodMessage: 'kubelet has no disk pressure',
}));

const setPIDPressure = pressure('PIDPressure', (readings) => ({
  bad: readings.processes > readings.processLimit * processThreshold,
  badReason: 'KubeletHasInsufficientPID',
  badMessage: 'kubelet has insufficient PID available',
  goodReason: 'KubeletHasSufficientPID',
  goodMessage: 'kubelet has sufficient PID available',
}));

const setReady: NodeStatusSetter = (status, inputs) => {
  const problems: string[] = [];
  if (inputs.runtimeError !== undefined) problems.push('container runtime is down');
  if (!inputs.networkReady) problems.push('container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:the control plane has not given this board a pod network yet');
  setCondition(status, inputs, problems.length > 0
    ? { type: 'Ready', status: 'False', reason: 'KubeletNotReady', message: problems.length > 1 ? `[${problems.join(', ')}]` : problems[0]! }
    : { type: 'Ready', status: 'True', reason: 'KubeletReady', message: 'kubelet is posting ready status' });
};

/** Ready comes last, as kubectl users are used to. */
export const nodeStatusSetters: readonly NodeStatusSetter[] = [
  setAddresses, setCapacity, setAllocatable, setNodeInfo, setImages, setMemoryPressure, setDiskPressure, setPIDPressure, setReady,
];

export function makeNodeStatus(inputs: NodeInputs): NodeStatus {
  const status: NodeStatus = { daemonEndpoints: { kubeletEndpoint: { Port: 10250 } } };
  for (const set of nodeStatusSetters) set(status, inputs);
  return status;
}

/** Whether two statuses differ in anything but when they were made. */
export function sameSubstance(one: NodeStatus, other: NodeStatus): boolean {
  return substance(one) === substance(other);
}

function substance(status: NodeStatus): string {
  const conditions = status.conditions?.map(({ type, status: value, reason, message }) => [type, value, reason, message]);
  return JSON.stringify({ ...status, conditions });
}
