/**
 * How a board gets the service account tokens of its pods: each as a Secret that only the board sees, beside the pod in its
 * desired state. So it is sealed on the card like every Secret, and a cold boot without the control plane has it.
 */
import type { Pod } from '../core.ts';

export const podTokenType = 'bramble.dev/pod-token';
/** When the token was made: what is on a board's card need not follow every renewal. */
export const podTokenPeriodAnnotation = 'bramble.dev/token-period';
/** The key in the Secret's data. */
export const podTokenKey = 'token';

export interface PodTokenSource {
  /** Of the Secret; no Secret of the API can have it, for the capitals. */
  secretName: string;
  volume: string;
  path: string;
  /** undefined: the API server's. */
  audience: string | undefined;
  expirationSeconds: number;
}

const defaultExpirationSeconds = 3600;

/** The tokens that a pod's projected volumes ask for, in their order. A pod's volumes never change, so neither do the names. */
export function podTokenSources(pod: Pod): PodTokenSource[] {
  const found: PodTokenSource[] = [];
  for (const volume of pod.spec?.volumes ?? []) {
    for (const { serviceAccountToken } of volume.projected?.sources ?? []) {
      if (!serviceAccountToken) continue;
      const { audience, path, expirationSeconds = defaultExpirationSeconds } = serviceAccountToken;
      found.push({ secretName: `PodToken.${pod.metadata?.uid}.${found.length}`, volume: volume.name, path, audience: audience || undefined, expirationSeconds });
    }
  }
  return found;
}
