/** Label selectors: matching and the text form of `?labelSelector=`. Follows k8s.io/apimachinery/pkg/labels. */
import { newBadRequest } from './errors.ts';
import type { LabelSelector } from './meta.ts';

export type Labels = Readonly<Record<string, string>>;

export interface Requirement {
  key: string;
  operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist';
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
    }
  });
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

/**
 * Parses `a=b,c!=d,e in (f,g),h notin (i),j,!k`.
 * @throws StatusError BadRequest that names what was not understood.
 */
export function parseSelector(text: string): Selector {
  const requirements: Requirement[] = [];
  for (const part of splitRequirements(text)) requirements.push(parseRequirement(part, text));
  return requirements;
}

function splitRequirements(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let current = '';
  for (const character of text) {
    if (character === '(') depth += 1;
    if (character === ')') depth -= 1;
    if (character === ',' && depth === 0) {
      parts.push(current);
      current = '';
    } else {
      current += character;
    }
  }
  if (depth !== 0) throw newBadRequest(`unable to parse requirement: found unbalanced parentheses in '${text}'`);
  if (current.trim() !== '' || parts.length > 0) parts.push(current);
  return parts.map((part) => part.trim());
}

function parseRequirement(part: string, whole: string): Requirement {
  const fail = (why: string) => newBadRequest(`unable to parse requirement: ${why} in '${whole}'`);
  const key = (text: string): string => {
    const trimmed = text.trim();
    if (!isQualifiedName(trimmed)) throw fail(`invalid label key "${trimmed}"`);
    return trimmed;
  };
  const value = (text: string): string => {
    const trimmed = text.trim();
    if (!isLabelValue(trimmed)) throw fail(`invalid label value "${trimmed}"`);
    return trimmed;
  };
  const set = /^(\S+)\s+(in|notin)\s*\(([^()]*)\)$/.exec(part);
  if (set) {
    const values = (set[3] ?? '').split(',').map(value);
    return { key: key(set[1] ?? ''), operator: set[2] === 'in' ? 'In' : 'NotIn', values };
  }
  const equality = /^([^=!]*)(==|!=|=)(.*)$/.exec(part);
  if (equality) {
    return { key: key(equality[1] ?? ''), operator: equality[2] === '!=' ? 'NotIn' : 'In', values: [value(equality[3] ?? '')] };
  }
  if (part.startsWith('!')) return { key: key(part.slice(1)), operator: 'DoesNotExist', values: [] };
  return { key: key(part), operator: 'Exists', values: [] };
}
