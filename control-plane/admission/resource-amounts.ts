/** What a pod requests and is limited to, all containers together. Follows k8s.io/component-helpers/resource. */
import type { Pod } from '../../api/core.ts';
import { canonicalQuantity, parseQuantity } from '../../api/quantity.ts';

type PodSpec = NonNullable<Pod['spec']>;
type List = Readonly<Record<string, string>>;

export interface Amount {
  /** As Kubernetes writes it. */
  readonly text: string;
  /** Nano-units. */
  readonly value: bigint;
}
export type Amounts = ReadonlyMap<string, Amount>;

/** Includes the overhead. */
export function podRequests(spec: PodSpec | undefined): Amounts {
  return withTexts(addOverhead(total(spec, 'requests'), spec, true));
}

/** The overhead counts where there is a limit. */
export function podLimits(spec: PodSpec | undefined): Amounts {
  return withTexts(addOverhead(total(spec, 'limits'), spec, false));
}

interface Sum {
  value: bigint;
  binary: boolean;
}
type Sums = Map<string, Sum>;

/**
 * Containers run together with the sidecars; an init container runs with the sidecars before it. The greater of both counts.
 * Where the pod itself says, that holds.
 */
function total(spec: PodSpec | undefined, part: 'requests' | 'limits'): Sums {
  const running: Sums = new Map();
  for (const container of spec?.containers ?? []) add(running, container.resources?.[part]);
  const sidecars: Sums = new Map();
  const starting: Sums = new Map();
  for (const container of spec?.initContainers ?? []) {
    const own = container.resources?.[part];
    if (container.restartPolicy === 'Always') {
      add(running, own);
      add(sidecars, own);
      raise(starting, sidecars);
      continue;
    }
    const together: Sums = new Map(sidecars);
    add(together, own);
    raise(starting, together);
  }
  raise(running, starting);
  const podLevel = (spec as { resources?: { requests?: List; limits?: List } } | undefined)?.resources?.[part];
  for (const [name, text] of Object.entries(podLevel ?? {})) running.set(name, parse(text));
  return running;
}

function addOverhead(sums: Sums, spec: PodSpec | undefined, always: boolean): Sums {
  for (const [name, text] of Object.entries((spec?.overhead ?? {}) as List)) {
    if (always || sums.has(name)) add(sums, { [name]: text });
  }
  return sums;
}

function parse(text: string): Sum {
  return { value: parseQuantity(text), binary: text.endsWith('i') };
}

function add(sums: Sums, list: List | undefined): void {
  for (const [name, text] of Object.entries(list ?? {})) {
    const { value, binary } = parse(text);
    const before = sums.get(name);
    sums.set(name, { value: (before?.value ?? 0n) + value, binary: before?.binary ?? binary });
  }
}

function raise(sums: Sums, others: Sums): void {
  for (const [name, other] of others) {
    const before = sums.get(name);
    if (!before || before.value < other.value) sums.set(name, other);
  }
}

function withTexts(sums: Sums): Amounts {
  return new Map([...sums].map(([name, { value, binary }]) => [name, { value, text: formatAmount(value, binary) }]));
}

/** @param value nano-units. @param binary write it with `Ki`, `Mi` where that is exact. */
export function formatAmount(value: bigint, binary: boolean): string {
  const whole = value % 1_000_000_000n === 0n;
  if (binary && whole && value % (1024n * 1_000_000_000n) === 0n) return canonicalQuantity(`${value / (1024n * 1_000_000_000n)}Ki`);
  return canonicalQuantity(whole ? String(value / 1_000_000_000n) : `${value}n`);
}
