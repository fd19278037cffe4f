/** status.qosClass from requests and limits. Follows pkg/apis/core/v1/helper/qos. */
import type { Container, Pod } from '../../../../api/core.ts';
import { parseQuantity } from '../../../../api/quantity.ts';

export type QualityOfService = 'Guaranteed' | 'Burstable' | 'BestEffort';

type Amounts = Record<string, string> | undefined;

/** Only cpu and memory count. */
const counted = ['cpu', 'memory'] as const;

export function qualityOfService(pod: Pod): QualityOfService {
  const containers: Container[] = [...pod.spec?.initContainers ?? [], ...pod.spec?.containers ?? []];
  if (!containers.some((container) => counted.some((name) => hasAny(container, name)))) return 'BestEffort';
  return containers.every(isGuaranteed) ? 'Guaranteed' : 'Burstable';
}

function hasAny({ resources }: Container, name: string): boolean {
  return amount(resources?.requests, name) > 0n || amount(resources?.limits, name) > 0n;
}

/** Limits for both, and requests, where given, equal to them. */
function isGuaranteed({ resources }: Container): boolean {
  return counted.every((name) => {
    const limit = amount(resources?.limits, name);
    const request = amount(resources?.requests, name);
    return limit > 0n && (request === 0n || request === limit);
  });
}

function amount(amounts: Amounts, name: string): bigint {
  const quantity = amounts?.[name];
  return quantity === undefined ? 0n : parseQuantity(quantity);
}
