/** LimitRanges. Follows pkg/registry/core/limitrange. */
import type { LimitRange } from '../../../../api/core.ts';
import { limitRanges } from '../../../../api/resources.ts';
import { plainStrategy, type Strategy } from '../../strategy.ts';
import type { Writable } from '../../writable.ts';
import { defaultLimitRange } from './defaults.ts';
import { validateLimitRange } from './validation.ts';

export const limitRangeStrategy: Strategy<LimitRange> = {
  ...plainStrategy,
  resource: limitRanges,
  allowCreateOnUpdate: true,
  defaults: defaultLimitRange,
  // The one kind that needs no name: it gets one that nothing else has.
  prepareForCreate({ metadata }: Writable<LimitRange>) {
    if (metadata && !metadata.name && !metadata.generateName) metadata.name = metadata.uid;
  },
  validate: validateLimitRange,
  validateUpdate: validateLimitRange,
};
