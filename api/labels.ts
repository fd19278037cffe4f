/** Label selectors and what they match; their text form is read by parse-selector.ts. Follows k8s.io/apimachinery/pkg/labels. */
import type { LabelSelector } from './meta.ts';

export type Labels = Readonly<Record<string, string>>;

export interface Requirement {
  key: string;
  /** Gt and Lt are said in texts only, never in LabelSelectors. */
  operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist' | 'Gt' | 'Lt';
  values: readonly string[];
}

/** All requirements must hold; an empty list matches everything. */
export type Selector = readonly Requirement[];

export const everything: Selector = [];

export function matches(selector: Selector, labels: Labels | undefined): boolean {
  return selector.every(({ key, operator, values }) => {
    const value = labels && Object.hasOwn(labels, key) ? labels[key] : undefined;
    switch (operator) {
      case 'In': return value !== undefined && values.includes(value);
      case 'NotIn': return value === undefined || !values.includes(value);
      case 'Exists': return value !== undefined;
      case 'DoesNotExist': return value === undefined;
      case 'Gt': return isInteger(value) && BigInt(value) > BigInt(values[0] ?? '');
      case 'Lt': return isInteger(value) && BigInt(value) < BigInt(values[0] ?? '');
    }
  });
}

function isInteger(value: string | undefined): value is string {
  return value !== undefined && /^-?\d{1,19}$/.test(value);
}

/** matchLabels-style map → selector. Used by Services and node selectors. */
export function selectorFromMap(labels: Labels | undefined): Selector {
  return Object.entries(labels ?? {}).map(([key, value]) => ({ key, operator: 'In', values: [value] }));
}

/**
 * metav1.LabelSelector → selector. An empty selector matches everything.
 * @param selector undefined selects nothing, as in Kubernetes, and gives undefined.
 */
export function selectorFromLabelSelector(selector: LabelSelector | undefined): Selector | undefined {
  if (!selector) return undefined;
  return [
    ...selectorFromMap(selector.matchLabels),
    ...(selector.matchExpressions ?? []).map((expression): Requirement => ({
      key: expression.key,
      operator: expression.operator as Requirement['operator'],
      values: expression.values ?? [],
    })),
  ];
}

const labelKey = /^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/;
const labelValue = /^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/;

/** @returns true for a qualified name: optional DNS prefix of <= 253 and a name of <= 63 characters. */
export function isQualifiedName(key: string): boolean {
  const slash = key.indexOf('/');
  const prefix = slash < 0 ? '' : key.slice(0, slash);
  return prefix.length <= 253 && key.length - (slash + 1) <= 63 && labelKey.test(key);
}

export function isLabelValue(value: string): boolean {
  return labelValue.test(value);
}
