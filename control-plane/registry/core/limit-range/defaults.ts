/** Defaults of LimitRanges. Follows pkg/apis/core/v1/defaults.go. */
import type { LimitRange } from '../../../../api/core.ts';

export function defaultLimitRange({ spec }: LimitRange): void {
  for (const limit of spec?.limits ?? []) {
    if (limit.type !== 'Container') continue;
    const standard = { ...limit.max, ...limit.default };
    const request = { ...limit.min, ...standard, ...limit.defaultRequest };
    if (Object.keys(standard).length > 0) limit.default = standard;
    if (Object.keys(request).length > 0) limit.defaultRequest = request;
  }
}
