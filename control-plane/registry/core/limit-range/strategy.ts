/** LimitRanges. Follows pkg/registry/core/limitrange. */
import type { LimitRange } from '../../../../api/core.ts';
import { limitRanges } from '../../../../api/resources.ts';
import { plainStrategy, type Strategy } from '../../strategy.ts';
import { defaultLimitRange } from './defaults.ts';
import { validateLimitRange } from './validation.ts';

export const limitRangeStrategy: Strategy<LimitRange> = {
  ...plainStrategy,
  resource: limitRanges,
  allowCreateOnUpdate: true,
  defaults: defaultLimitRange,
  validate: validateLimitRange,
  validateUpdate: validateLimitRange,
};
