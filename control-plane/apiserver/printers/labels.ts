/** Label maps, selectors and container lists as cells. */
import type { LabelSelector } from '../../../api/meta.ts';

export const none = '<none>';

/** `a=b,c=d`, sorted. */
export function formatLabels(labels: Readonly<Record<string, string>> | undefined): string {
  const text = Object.entries(labels ?? {}).map(([key, value]) => `${key}=${value}`).sort().join(',');
  return text || none;
}

/** Follows metav1.FormatLabelSelector: `a=b,c in (d,e),f,!g`. */
export function formatLabelSelector(selector: LabelSelector | undefined): string {
  if (!selector) return none;
  const requirements = [
    ...Object.entries(selector.matchLabels ?? {}).map(([key, value]) => ({ key, text: `${key}=${value}` })),
    ...(selector.matchExpressions ?? []).map(({ key, operator, values }) => ({ key, text: formatExpression(key, operator, values ?? []) })),
  ];
  requirements.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  return requirements.map((requirement) => requirement.text).join(',') || none;
}

function formatExpression(key: string, operator: string, values: readonly string[]): string {
  const set = `(${[...values].sort().join(',')})`;
  switch (operator) {
    case 'In': return `${key} in ${set}`;
    case 'NotIn': return `${key} notin ${set}`;
    case 'DoesNotExist': return `!${key}`;
    default: return key;
  }
}

export function formatNames(containers: readonly { name: string }[] | undefined): string {
  return (containers ?? []).map((container) => container.name).join(',');
}

export function formatImages(containers: readonly { image?: string }[] | undefined): string {
  return (containers ?? []).map((container) => container.image ?? '').join(',');
}
