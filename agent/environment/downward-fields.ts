/**
 * Values of the downward API: pod fields and container resources, for environment variables and downwardAPI volumes.
 * Follows k8s.io/kubernetes/pkg/fieldpath and pkg/api/v1/resource.
 */
import { parseQuantity } from '../../api/quantity.ts';
import type { Container, Pod } from '../../api/core.ts';

/** Facts of the board and the running sandbox that the pod object itself may not have yet. */
export interface DownwardFacts {
  nodeName: string;
  hostIPs: readonly string[];
  /** Empty until the sandbox runs. */
  podIPs: readonly string[];
  /** Allocatable of the node: resource name → quantity. Stands in for limits that are not set. */
  allocatable: Readonly<Record<string, string>>;
}

/** A field or resource that does not exist. `message` is what the kubelet says. */
export class DownwardFieldError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'DownwardFieldError';
  }
}

const subscripted = /^(metadata\.(?:annotations|labels))\['([^']*)'\]$/;

/** @throws DownwardFieldError for a path that has no value. */
export function podField(path: string, pod: Pod, facts: DownwardFacts): string {
  const match = subscripted.exec(path);
  if (match) {
    const values = match[1] === 'metadata.labels' ? pod.metadata?.labels : pod.metadata?.annotations;
    return values?.[match[2]!] ?? '';
  }
  switch (path) {
    case 'metadata.name': return pod.metadata?.name ?? '';
    case 'metadata.namespace': return pod.metadata?.namespace ?? '';
    case 'metadata.uid': return pod.metadata?.uid ?? '';
    case 'metadata.labels': return formatMap(pod.metadata?.labels);
    case 'metadata.annotations': return formatMap(pod.metadata?.annotations);
    case 'spec.nodeName': return pod.spec?.nodeName ?? facts.nodeName;
    case 'spec.serviceAccountName': return pod.spec?.serviceAccountName ?? '';
    case 'status.hostIP': return facts.hostIPs[0] ?? '';
    case 'status.hostIPs': return facts.hostIPs.join(',');
    case 'status.podIP': return facts.podIPs[0] ?? '';
    case 'status.podIPs': return facts.podIPs.join(',');
    default: throw new DownwardFieldError(`unsupported fieldPath: ${path}`);
  }
}

/** One `key="value"` line per entry, sorted, values quoted as Go does. */
function formatMap(values: Readonly<Record<string, string>> | undefined): string {
  return Object.entries(values ?? {})
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([key, value]) => `${key}=${quote(value)}`)
    .join('\n');
}

/** Go's %q: JSON's escapes are the same but for the short forms of control characters and DEL. */
function quote(text: string): string {
  return JSON.stringify(text)
    .replaceAll(/\\u00([01][0-9a-f])/g, (_whole, hex: string) => (hex === '07' ? '\\a' : hex === '0b' ? '\\v' : `\\x${hex}`))
    .replaceAll('\u007f', '\\x7f');
}

export interface ResourceField {
  containerName?: string | undefined;
  resource: string;
  divisor?: string | undefined;
}

/**
 * @param own the container the variable belongs to; undefined in a volume, where containerName is required.
 * @throws DownwardFieldError for an unknown container or resource.
 */
export function resourceField(field: ResourceField, pod: Pod, own: Container | undefined, facts: DownwardFacts): string {
  const container = field.containerName ? findContainer(pod, field.containerName) : own;
  if (!container) throw new DownwardFieldError(`container ${field.containerName ?? ''} not found`);
  const [section, ...rest] = field.resource.split('.');
  const name = rest.join('.');
  if ((section !== 'limits' && section !== 'requests') || !isKnownResource(name)) {
    throw new DownwardFieldError(`unsupported container resource : ${field.resource}`);
  }
  const milli = name === 'cpu';
  return divided(amountOf(container, section, name, facts), field.divisor, milli);
}

function isKnownResource(name: string): boolean {
  return name === 'cpu' || name === 'memory' || name === 'ephemeral-storage' || name.startsWith('hugepages-');
}

function amountOf(container: Container, section: 'limits' | 'requests', name: string, facts: DownwardFacts): bigint {
  const quantity = container.resources?.[section]?.[name];
  const amount = quantity === undefined ? 0n : parseQuantity(quantity);
  if (amount !== 0n || section === 'requests' || name.startsWith('hugepages-')) return amount;
  return parseQuantity(facts.allocatable[name] ?? '0');
}

/** Rounded up to whole divisors; cpu is counted in milli-units, everything else in units. */
function divided(amount: bigint, divisor: string | undefined, milli: boolean): string {
  const unit = milli ? 1_000_000n : 1_000_000_000n;
  const wanted = divisor === undefined ? 0n : parseQuantity(divisor);
  const step = ceilingDivide(wanted === 0n ? 1_000_000_000n : wanted, unit);
  return String(ceilingDivide(ceilingDivide(amount, unit), step));
}

function ceilingDivide(dividend: bigint, divisor: bigint): bigint {
  return (dividend + divisor - 1n) / divisor;
}

function findContainer(pod: Pod, name: string): Container | undefined {
  return [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])].find((container) => container.name === name);
}
