/** The strategy of a kind with spec and status whose metadata has no generation (claims, quotas, autoscalers). */
import type { KubernetesObject } from '../../api/meta.ts';
import type { Resource } from '../../api/resources.ts';
import { createRecordStrategy } from './record-strategy.ts';
import type { Strategy } from './strategy.ts';

export function createUncountedStrategy<T extends KubernetesObject>(resource: Resource<T>, own: Partial<Strategy<T>> = {}): Strategy<T> {
  const strategy = { ...createRecordStrategy(resource), ...own };
  delete strategy.generationChanged;
  return strategy;
}
