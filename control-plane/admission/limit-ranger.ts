/** Defaults and bounds of resources by LimitRange. Follows plugin/pkg/admission/limitranger. */
import type { Container, LimitRange, PersistentVolumeClaim, Pod } from '../../api/core.ts';
import { parseQuantity } from '../../api/quantity.ts';
import { limitRanges, persistentVolumeClaims, pods } from '../../api/resources.ts';
import { newAdmissionForbidden } from './admission.ts';
import type { AdmissionAttributes, AdmissionPlugin } from './admission.ts';
import type { AdmissionStore } from './admission-store.ts';
import { podLimits, podRequests } from './resource-amounts.ts';

type Limits = Readonly<Record<string, string>>;
type LimitRangeItem = NonNullable<LimitRange['spec']>['limits'][number];

const annotationKey = 'kubernetes.io/limit-ranger';

export function createLimitRanger(store: AdmissionStore): AdmissionPlugin {
  const rangesOf = ({ namespace }: AdmissionAttributes): readonly LimitRange[] => store.list(limitRanges, namespace);
  return {
    name: 'LimitRanger',
    admit(attributes) {
      if (attributes.operation !== 'CREATE' || attributes.resource !== pods || attributes.subresource) return;
      for (const range of rangesOf(attributes)) setDefaults(range, attributes.object as Pod);
    },
    validate(attributes) {
      const problemsOf = checkOf(attributes);
      if (!problemsOf) return;
      for (const range of rangesOf(attributes)) {
        const problems = (range.spec?.limits ?? []).flatMap((item) => problemsOf(item));
        if (problems.length > 0) throw newAdmissionForbidden(attributes, problems.length === 1 ? problems[0]! : `[${problems.join(', ')}]`);
      }
    },
  };
}

function checkOf({ operation, resource, subresource, object, old }: AdmissionAttributes): ((item: LimitRangeItem) => string[]) | undefined {
  if ((subresource && subresource !== 'resize') || !object || old?.metadata?.deletionTimestamp) return undefined;
  if (resource === pods && (operation === 'CREATE' || subresource === 'resize')) return (item) => podProblems(item, object as Pod);
  if (resource === persistentVolumeClaims && (operation === 'CREATE' || operation === 'UPDATE')) {
    return (item) => claimProblems(item, object as PersistentVolumeClaim);
  }
  return undefined;
}

function setDefaults(range: LimitRange, pod: Pod): void {
  const limits: Record<string, string> = {};
  const requests: Record<string, string> = {};
  for (const item of range.spec?.limits ?? []) {
    if (item.type !== 'Container') continue;
    Object.assign(limits, item.default);
    Object.assign(requests, item.defaultRequest);
  }
  const notes = [
    ...(pod.spec?.containers ?? []).flatMap((container) => setContainerDefaults(container, 'container', { limits, requests })),
    ...(pod.spec?.initContainers ?? []).flatMap((container) => setContainerDefaults(container, 'init container', { limits, requests })),
  ];
  if (notes.length === 0) return;
  const metadata = (pod.metadata ??= {});
  metadata.annotations = { ...metadata.annotations, [annotationKey]: `LimitRanger plugin set: ${notes.join('; ')}` };
}

/** @returns what was set, in words. */
function setContainerDefaults(container: Container, what: string, defaults: { limits: Limits; requests: Limits }): string[] {
  const notes: string[] = [];
  for (const part of ['requests', 'limits'] as const) {
    const own = container.resources?.[part] ?? {};
    const set = Object.keys(defaults[part]).filter((name) => !Object.hasOwn(own, name)).sort();
    if (set.length === 0) continue;
    const added = Object.fromEntries(set.map((name) => [name, defaults[part][name]!]));
    container.resources = { ...container.resources, [part]: { ...own, ...added } };
    notes.push(`${set.join(', ')} ${part === 'requests' ? 'request' : 'limit'} for ${what} ${container.name}`);
  }
  return notes;
}

function podProblems(item: LimitRangeItem, pod: Pod): string[] {
  if (item.type === 'Pod') return boundProblems(item, podRequests(pod.spec), podLimits(pod.spec));
  if (item.type !== 'Container') return [];
  return [...pod.spec?.containers ?? [], ...pod.spec?.initContainers ?? []].flatMap(({ resources }) =>
    boundProblems(item, amountsOf(resources?.requests), amountsOf(resources?.limits)));
}

interface Amount {
  text: string;
  value: bigint;
}
type Amounts = ReadonlyMap<string, Amount>;

function amountsOf(list: Limits | undefined): Amounts {
  return new Map(Object.entries(list ?? {}).map(([name, text]) => [name, { text, value: parseQuantity(text) }]));
}

const sorted = (list: Limits | undefined): [string, string][] => Object.entries(list ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));

function boundProblems({ type, min, max, maxLimitRequestRatio }: LimitRangeItem, requests: Amounts, limits: Amounts): string[] {
  const problems: string[] = [];
  const add = (problem: string | undefined): void => { if (problem) problems.push(problem); };
  for (const [name, bound] of sorted(min)) add(minimumProblem({ type, name, bound }, requests.get(name), limits.get(name)));
  for (const [name, bound] of sorted(max)) add(maximumProblem({ type, name, bound }, requests.get(name), limits.get(name)));
  for (const [name, bound] of sorted(maxLimitRequestRatio)) add(ratioProblem({ type, name, bound }, requests.get(name), limits.get(name)));
  return problems;
}

interface Bound {
  type: string;
  name: string;
  bound: string;
}

function minimumProblem({ type, name, bound }: Bound, request: Amount | undefined, limit: Amount | undefined): string | undefined {
  const least = parseQuantity(bound);
  const text = `minimum ${name} usage per ${type} is ${bound}`;
  if (!request) return `${text}.  No request is specified`;
  if (request.value < least) return `${text}, but request is ${request.text}`;
  return limit && limit.value < least ? `${text}, but limit is ${limit.text}` : undefined;
}

function maximumProblem({ type, name, bound }: Bound, request: Amount | undefined, limit: Amount | undefined): string | undefined {
  const most = parseQuantity(bound);
  const text = `maximum ${name} usage per ${type} is ${bound}`;
  if (!limit) return `${text}.  No limit is specified`;
  if (limit.value > most) return `${text}, but limit is ${limit.text}`;
  return request && request.value > most ? `${text}, but request is ${request.text}` : undefined;
}

function ratioProblem({ type, name, bound }: Bound, request: Amount | undefined, limit: Amount | undefined): string | undefined {
  const text = `${name} max limit to request ratio per ${type} is ${bound}`;
  if (!request || request.value === 0n) return `${text}, but no request is specified or request is 0`;
  if (!limit || limit.value === 0n) return `${text}, but no limit is specified or limit is 0`;
  // limit / request > bound, without division; bound is in nano-units.
  if (limit.value * 1_000_000_000n <= parseQuantity(bound) * request.value) return undefined;
  return `${text}, but provided ratio is ${(Number(limit.value) / Number(request.value)).toFixed(6)}`;
}

function claimProblems(item: LimitRangeItem, claim: PersistentVolumeClaim): string[] {
  if (item.type !== 'PersistentVolumeClaim') return [];
  const requests = amountsOf(claim.spec?.resources?.requests);
  const problems: string[] = [];
  for (const [name, bound] of sorted(item.min)) {
    const problem = minimumProblem({ type: item.type, name, bound }, requests.get(name), undefined);
    if (problem) problems.push(problem);
  }
  for (const [name, bound] of sorted(item.max)) {
    const request = requests.get(name);
    const text = `maximum ${name} usage per ${item.type} is ${bound}`;
    if (!request) problems.push(`${text}.  No request is specified`);
    else if (request.value > parseQuantity(bound)) problems.push(`${text}, but request is ${request.text}`);
  }
  return problems;
}
