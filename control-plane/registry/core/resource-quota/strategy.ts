/** ResourceQuotas. Follows pkg/registry/core/resourcequota. */
import type { ResourceQuota } from '../../../../api/core.ts';
import { resourceQuotas } from '../../../../api/resources.ts';
import type { Strategy } from '../../strategy.ts';
import { createUncountedStrategy } from '../../uncounted-strategy.ts';
import type { Writable } from '../../writable.ts';
import { validateResourceQuota, validateResourceQuotaStatusUpdate, validateResourceQuotaUpdate } from './validation.ts';

export const resourceQuotaStrategy: Strategy<ResourceQuota> = createUncountedStrategy(resourceQuotas, {
  returnsDeletedObject: true,
  validate: validateResourceQuota,
  validateUpdate: validateResourceQuotaUpdate,
  validateStatusUpdate: validateResourceQuotaStatusUpdate,
  prepareForCreate(quota: Writable<ResourceQuota>) {
    quota.spec ??= {};
    quota.status = {};
  },
});
