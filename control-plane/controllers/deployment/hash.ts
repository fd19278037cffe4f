/** pod-template-hash: a short, stable name for a pod template. */
import type { PodTemplateSpec } from '../../../api/core.ts';
import { isMeaningfulWhenEmpty } from '../semantic-equality.ts';

export const podTemplateHashLabel = 'pod-template-hash';

/** As k8s.io/apimachinery/pkg/util/rand: no vowels, so that no words come out. */
const safeAlphabet = 'bcdfghjklmnpqrstvwxz2456789';

/**
 * FNV-1a over the template in canonical form, safe-encoded. Equal templates give equal hashes whatever the order of their
 * fields; null, absent and empty are the same.
 * @param collisionCount how often another template had the same hash.
 */
export function podTemplateHash(template: PodTemplateSpec, collisionCount: number): string {
  const text = canonical(template) + (collisionCount > 0 ? `#${collisionCount}` : '');
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return Array.from(String(hash), (digit) => safeAlphabet[digit.charCodeAt(0) % safeAlphabet.length]).join('');
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return value.length > 0 ? `[${value.map((item) => canonical(item) || 'null').join(',')}]` : '';
  if (typeof value === 'object' && value !== null) {
    const fields = Object.entries(value)
      .map(([key, field]) => [key, canonical(field) || (field && isMeaningfulWhenEmpty(key) ? '{}' : '')] as const)
      .filter(([, text]) => text !== '')
      .sort(([left], [right]) => (left < right ? -1 : 1));
    return fields.length > 0 ? `{${fields.map(([key, text]) => `${JSON.stringify(key)}:${text}`).join(',')}}` : '';
  }
  return value === undefined || value === null ? '' : JSON.stringify(value);
}
