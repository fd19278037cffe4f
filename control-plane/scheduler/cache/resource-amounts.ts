/** Amounts of resources as plain numbers: cpu in milli-units, everything else in units. */
import type { Container, Pod, PodSpec } from '../../../api/core.ts';
import { parseMilli, parseUnits } from '../../../api/quantity.ts';

export type Amounts = Readonly<Record<string, number>>;
export type MutableAmounts = Record<string, number>;

export function parseAmounts(quantities: Readonly<Record<string, string>> | undefined): MutableAmounts {
  const amounts: MutableAmounts = {};
  for (const [name, quantity] of Object.entries(quantities ?? {})) amounts[name] = name === 'cpu' ? parseMilli(quantity) : parseUnits(quantity);
  return amounts;
}

export function addAmounts(target: MutableAmounts, more: Amounts, sign: 1 | -1 = 1): void {
  for (const [name, amount] of Object.entries(more)) target[name] = (target[name] ?? 0) + sign * amount;
}

function raiseTo(target: MutableAmounts, floor: Amounts): void {
  for (const [name, amount] of Object.entries(floor)) target[name] = Math.max(target[name] ?? 0, amount);
}

const known = new WeakMap<Pod, Amounts>();
const knownForScore = new WeakMap<Pod, Amounts>();

/** What the pod takes from a node: containers together or its hungriest init container, plus overhead. Follows resourcehelper.PodRequests. */
export function podRequests(pod: Pod): Amounts {
  const found = known.get(pod);
  if (found) return found;
  const amounts = sumRequests(pod, (container) => parseAmounts(container.resources?.requests));
  known.set(pod, amounts);
  return amounts;
}

/** Assumed of a container that names no request, so that such pods do not pile up on one node. */
const assumedMilliCpu = 100;
const assumedMemory = 200 * 1024 * 1024;

/** The same for scoring: with assumed requests where a container names none. */
export function podRequestsForScore(pod: Pod): Amounts {
  const found = knownForScore.get(pod);
  if (found) return found;
  const amounts = sumRequests(pod, (container) => ({ cpu: assumedMilliCpu, memory: assumedMemory, ...parseAmounts(container.resources?.requests) }));
  knownForScore.set(pod, amounts);
  return amounts;
}

/** Fields newer than the types. */
type NewerSpec = PodSpec & { resources?: { requests?: Record<string, string> } };

function sumRequests({ spec }: Pod, requestsOf: (container: Container) => Amounts): Amounts {
  const total: MutableAmounts = {};
  for (const container of spec?.containers ?? []) addAmounts(total, requestsOf(container));
  const sidecars: MutableAmounts = {};
  const initPeak: MutableAmounts = {};
  for (const container of spec?.initContainers ?? []) {
    const requests = requestsOf(container);
    if (container.restartPolicy === 'Always') {
      addAmounts(total, requests);
      addAmounts(sidecars, requests);
      raiseTo(initPeak, sidecars);
    } else {
      const together: MutableAmounts = { ...sidecars };
      addAmounts(together, requests);
      raiseTo(initPeak, together);
    }
  }
  raiseTo(total, initPeak);
  const newer: NewerSpec | undefined = spec;
  Object.assign(total, parseAmounts(newer?.resources?.requests));
  addAmounts(total, parseAmounts(spec?.overhead));
  return total;
}
