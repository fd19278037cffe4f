/** QoS class, CPU and memory settings of containers. Follows pkg/apis/core/v1/helper/qos and pkg/kubelet/qos. */
import type { Container, Pod } from '../../api/core.ts';
import { parseMilli, parseUnits } from '../../api/quantity.ts';
import type { ContainerConfig } from '../container-runtime/container-runtime.ts';
import { isSidecar } from './restart-policy.ts';

export type QosClass = 'Guaranteed' | 'Burstable' | 'BestEffort';

const classResources = ['cpu', 'memory'] as const;

function amount(quantity: string | undefined, resource: 'cpu' | 'memory'): number {
  if (quantity === undefined) return 0;
  return resource === 'cpu' ? parseMilli(quantity) : parseUnits(quantity);
}

export function qosClass(pod: Pod): QosClass {
  const containers = [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])];
  let guaranteed = containers.length > 0;
  let any = false;
  for (const container of containers) {
    for (const resource of classResources) {
      const limit = amount(container.resources?.limits?.[resource], resource);
      const request = amount(container.resources?.requests?.[resource], resource);
      if (limit > 0 || request > 0) any = true;
      // A limit without a request counts as both.
      if (limit === 0 || (request !== 0 && request !== limit)) guaranteed = false;
    }
  }
  if (!any) return 'BestEffort';
  return guaranteed ? 'Guaranteed' : 'Burstable';
}

const minimumShares = 2;
const maximumShares = 262_144;
const quotaPeriodMicros = 100_000;
const minimumQuotaMicros = 1_000;

export function containerResources(pod: Pod, container: Container, boardMemoryBytes: number): ContainerConfig['resources'] {
  const limits = container.resources?.limits;
  const requests = container.resources?.requests;
  const cpuLimit = amount(limits?.['cpu'], 'cpu');
  const cpuRequest = requests?.['cpu'] === undefined ? cpuLimit : amount(requests['cpu'], 'cpu');
  const memoryLimit = amount(limits?.['memory'], 'memory');
  return {
    cpuShares: Math.min(maximumShares, Math.max(minimumShares, Math.floor((cpuRequest * 1024) / 1000))),
    ...(cpuLimit > 0 ? { cpuPeriodMicros: quotaPeriodMicros, cpuQuotaMicros: Math.max(minimumQuotaMicros, Math.floor((cpuLimit * quotaPeriodMicros) / 1000)) } : {}),
    ...(memoryLimit > 0 ? { memoryBytes: memoryLimit } : {}),
    oomScoreAdjust: oomScoreAdjust(pod, container, boardMemoryBytes),
  };
}

const guaranteedScore = -997;
const bestEffortScore = 1000;

/** The more of its board's memory a container asked for, the later it is killed when memory runs out. */
export function oomScoreAdjust(pod: Pod, container: Container, boardMemoryBytes: number): number {
  switch (qosClass(pod)) {
    case 'Guaranteed': return guaranteedScore;
    case 'BestEffort': return bestEffortScore;
    case 'Burstable': return burstableScore(pod, container, boardMemoryBytes);
  }
}

function burstableScore(pod: Pod, container: Container, boardMemoryBytes: number): number {
  const request = memoryRequest(container);
  const sidecar = (pod.spec?.initContainers ?? []).some((init) => init.name === container.name && isSidecar(init));
  // A sidecar is never killed before the containers it serves.
  const others = sidecar ? (pod.spec?.containers ?? []).map(memoryRequest) : [];
  const scores = [request, ...others].map((bytes) => 1000 - Math.floor((1000 * bytes) / boardMemoryBytes));
  const score = Math.min(...scores);
  if (score < 1000 + guaranteedScore) return 1000 + guaranteedScore;
  return score === bestEffortScore ? score - 1 : score;
}

function memoryRequest(container: Container): number {
  const { requests, limits } = container.resources ?? {};
  return amount(requests?.['memory'] ?? limits?.['memory'], 'memory');
}
