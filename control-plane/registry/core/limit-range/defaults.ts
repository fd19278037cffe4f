/** Defaults of LimitRanges. Follows pkg/apis/core/v1/defaults.go. */
import type { LimitRange } from '../../../../api/core.ts';

export function defaultLimitRange({ spec }: LimitRange): void {
  for (const limit of spec?.limits ?? []) {
    if (limit.type !== 'Container') continue;
    limit.default = { ...limit.max, ...limit.default };
    limit.defaultRequest = { ...limit.min, ...limit.default, ...limit.defaultRequest };
  }
}
