/** PriorityLevelConfigurations. Follows pkg/registry/flowcontrol/prioritylevelconfiguration and pkg/apis/flowcontrol. */
import type {
  ExemptPriorityLevelConfiguration, LimitedPriorityLevelConfiguration, LimitResponse, PriorityLevelConfiguration, PriorityLevelConfigurationSpec,
  QueuingConfiguration,
} from '../../../api/flowcontrol.ts';
import { priorityLevelConfigurations } from '../../../api/resources.ts';
import { deepEqual } from '../deep-equal.ts';
import { createRecordStrategy } from '../record-strategy.ts';
import { forbidden, invalid, notSupported, required, type FieldError } from '../validation/field-errors.ts';
import { validateConditions } from './flow-schema.ts';
import { mandatoryPriorityLevels } from './mandatory-objects.ts';

const maxQueues = 10_000_000;
const maxHashBits = 60;

export const priorityLevelStrategy = createRecordStrategy<PriorityLevelConfiguration>(priorityLevelConfigurations, {
  defaults: defaultPriorityLevel,
  validate: validatePriorityLevel,
  validateUpdate: validatePriorityLevel,
  validateStatusUpdate: (level) => validateConditions(level.status?.conditions ?? []),
  prepareForCreate(level) {
    level.status = {};
  },
});

export function defaultPriorityLevel({ spec }: PriorityLevelConfiguration): void {
  if (spec?.limited) {
    spec.limited.nominalConcurrencyShares ??= 30;
    spec.limited.lendablePercent ??= 0;
    const { queuing } = spec.limited.limitResponse ?? {};
    if (queuing) {
      queuing.queues ??= 64;
      queuing.handSize ??= 8;
      queuing.queueLengthLimit ??= 50;
    }
  }
  if (spec?.exempt) {
    spec.exempt.nominalConcurrencyShares ??= 0;
    spec.exempt.lendablePercent ??= 0;
  }
}

export function validatePriorityLevel({ metadata, spec, status }: PriorityLevelConfiguration): FieldError[] {
  const name = metadata?.name ?? '';
  const fixed = mandatoryPriorityLevels.find((level) => level.metadata?.name === name);
  // Of the exempt level, its shares may be changed.
  const changed = fixed && !deepEqual({ ...spec, exempt: undefined }, { ...fixed.spec, exempt: undefined });
  return [
    ...validateSpec(spec ?? {}, name),
    ...(changed ? [invalid('spec', spec, `spec of '${name}' must equal the fixed value`)] : []),
    ...validateConditions(status?.conditions ?? []),
  ];
}

function validateSpec({ type = '', limited, exempt }: Partial<PriorityLevelConfigurationSpec>, name: string): FieldError[] {
  const errors = (name === 'exempt') === (type === 'Exempt') ? [] : [invalid('spec.type', type, "type must be 'Exempt' if and only if name is 'exempt'")];
  switch (type) {
    case 'Exempt':
      if (limited) errors.push(forbidden('spec.limited', 'must be nil if the type is not Limited'));
      return exempt ? [...errors, ...validateShares(exempt, 'spec.exempt')] : errors;
    case 'Limited':
      if (exempt) errors.push(forbidden('spec.exempt', 'must be nil if the type is Limited'));
      return [...errors, ...(limited ? validateLimited(limited, 'spec.limited') : [required('spec.limited', 'must not be empty when type is Limited')])];
    default:
      return [...errors, notSupported('spec.type', type, ['Exempt', 'Limited'])];
  }
}

function validateShares({ nominalConcurrencyShares: shares = 0, lendablePercent: percent = 0 }: ExemptPriorityLevelConfiguration, path: string): FieldError[] {
  return [
    ...(shares < 0 ? [invalid(`${path}.nominalConcurrencyShares`, shares, 'must be a non-negative integer')] : []),
    ...(percent < 0 || percent > 100 ? [invalid(`${path}.lendablePercent`, percent, 'must be between 0 and 100, inclusive')] : []),
  ];
}

function validateLimited(limited: LimitedPriorityLevelConfiguration, path: string): FieldError[] {
  const { borrowingLimitPercent: borrowing, limitResponse } = limited;
  const { nominalConcurrencyShares = 0, lendablePercent = 0 } = limited;
  return [
    ...validateShares({ nominalConcurrencyShares }, path),
    ...validateResponse(limitResponse ?? {}, `${path}.limitResponse`),
    ...validateShares({ lendablePercent }, path),
    ...(borrowing !== undefined && borrowing < 0 ? [invalid(`${path}.borrowingLimitPercent`, borrowing, 'if specified, must be a non-negative integer')] : []),
  ];
}

function validateResponse({ type = '', queuing }: Partial<LimitResponse>, path: string): FieldError[] {
  switch (type) {
    case 'Reject': return queuing ? [forbidden(`${path}.queuing`, 'must be nil if limited.limitResponse.type is not Limited')] : [];
    case 'Queue': return queuing ? validateQueuing(queuing, `${path}.queuing`) : [required(`${path}.queuing`, 'must not be empty if limited.limitResponse.type is Limited')];
    default: return [notSupported(`${path}.type`, type, ['Queue', 'Reject'])];
  }
}

function validateQueuing({ queues = 0, handSize = 0, queueLengthLimit = 0 }: QueuingConfiguration, path: string): FieldError[] {
  const errors = queueLengthLimit <= 0 ? [invalid(`${path}.queueLengthLimit`, queueLengthLimit, 'must be positive')] : [];
  if (queues <= 0) errors.push(invalid(`${path}.queues`, queues, 'must be positive'));
  else if (queues > maxQueues) errors.push(invalid(`${path}.queues`, queues, `must not be greater than ${maxQueues}`));
  if (handSize <= 0) return [...errors, invalid(`${path}.handSize`, handSize, 'must be positive')];
  if (handSize > queues) return [...errors, invalid(`${path}.handSize`, handSize, `should not be greater than queues (${queues})`)];
  const bits = Math.ceil(Math.log2(queues) * handSize);
  if (bits <= maxHashBits) return errors;
  return [...errors, invalid(`${path}.handSize`, handSize, `required entropy bits of deckSize ${queues} and handSize ${handSize} should not be greater than ${maxHashBits}`)];
}
