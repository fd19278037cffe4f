/** CSIDrivers. Follows pkg/registry/storage/csidriver and pkg/apis/storage. */
import type { ObjectMeta } from '../../../../api/meta.ts';
import { csiDrivers } from '../../../../api/resources.ts';
import type { CSIDriver, CSIDriverSpec } from '../../../../api/storage.ts';
import { deepEqual } from '../../deep-equal.ts';
import { plainStrategy, type Strategy } from '../../strategy.ts';
import { duplicate, immutable, invalid, notSupported, required, type FieldError } from '../../validation/field-errors.ts';
import type { Writable } from '../../writable.ts';

/** Fields that the published types do not have yet. */
type Spec = Partial<CSIDriverSpec> & { nodeAllocatableUpdatePeriodSeconds?: number; serviceAccountTokenInSecrets?: boolean };

const groupPolicies = ['File', 'None', 'ReadWriteOnceWithFSType'];
const lifecycleModes = ['Persistent', 'Ephemeral'];
const shortestTokenSeconds = 600;
const longestTokenSeconds = 2 ** 32;
const shortestUpdateSeconds = 10;
/** These may change, and a change counts. */
const changeable = ['tokenRequests', 'requiresRepublish', 'seLinuxMount', 'nodeAllocatableUpdatePeriodSeconds', 'serviceAccountTokenInSecrets'] as const;

export const csiDriverStrategy: Strategy<CSIDriver> = {
  ...plainStrategy,
  resource: csiDrivers,
  allowUnconditionalUpdate: false,
  defaults(driver) {
    const given: Partial<CSIDriver> = driver;
    defaultSpec(given.spec ??= {});
  },
  validate: (driver) => validateSpec(driver.spec),
  validateUpdate: validateCsiDriverUpdate,
  prepareForUpdate(driver, old) {
    const spec: Spec = driver.spec;
    const oldSpec: Spec = old.spec;
    const changed = changeable.some((field) => !deepEqual(spec[field], oldSpec[field]));
    if (changed) (driver.metadata as Writable<ObjectMeta>).generation = (old.metadata?.generation ?? 0) + 1;
  },
};

function defaultSpec(spec: Spec): void {
  spec.attachRequired ??= true;
  spec.podInfoOnMount ??= false;
  spec.storageCapacity ??= false;
  spec.fsGroupPolicy ??= 'ReadWriteOnceWithFSType';
  if (!spec.volumeLifecycleModes?.length) spec.volumeLifecycleModes = ['Persistent'];
  spec.requiresRepublish ??= false;
  spec.seLinuxMount ??= false;
}

function validateSpec(spec: Spec): FieldError[] {
  const { fsGroupPolicy, tokenRequests = [], volumeLifecycleModes = [], nodeAllocatableUpdatePeriodSeconds: period } = spec;
  return [
    ...(spec.attachRequired === undefined ? [required('spec.attachedRequired')] : []),
    ...(spec.podInfoOnMount === undefined ? [required('spec.podInfoOnMount')] : []),
    ...(spec.storageCapacity === undefined ? [required('spec.storageCapacity')] : []),
    ...(fsGroupPolicy === undefined || groupPolicies.includes(fsGroupPolicy) ? [] : [notSupported('spec.fsGroupPolicy', fsGroupPolicy, groupPolicies)]),
    ...validateTokenRequests(tokenRequests, 'spec.tokenRequests'),
    ...volumeLifecycleModes.filter((mode) => !lifecycleModes.includes(mode)).map((mode) => notSupported('spec.volumeLifecycleModes', mode, lifecycleModes)),
    ...(period !== undefined && period < shortestUpdateSeconds
      ? [invalid('spec.nodeAllocatableUpdatePeriodSeconds', period, `must be greater than or equal to ${shortestUpdateSeconds} seconds`)]
      : []),
  ];
}

type TokenRequests = NonNullable<CSIDriverSpec['tokenRequests']>;

function validateTokenRequests(requests: readonly Partial<TokenRequests[number]>[], path: string): FieldError[] {
  const seen = new Set<string>();
  return requests.flatMap(({ audience = '', expirationSeconds: seconds }, index) => {
    const place = `${path}[${index}]`;
    if (seen.has(audience)) return [duplicate(`${place}.audience`, audience)];
    seen.add(audience);
    if (seconds === undefined) return [];
    const field = `${place}.expirationSeconds`;
    if (seconds < shortestTokenSeconds) return [invalid(field, seconds, 'may not specify a duration less than 10 minutes')];
    return seconds > longestTokenSeconds ? [invalid(field, seconds, 'may not specify a duration larger than 2^32 seconds')] : [];
  });
}

export function validateCsiDriverUpdate({ spec }: CSIDriver, old: CSIDriver): FieldError[] {
  return [
    ...validateSpec(spec),
    ...immutable('spec.attachedRequired', spec.attachRequired, spec.attachRequired === old.spec.attachRequired),
    ...immutable('spec.fsGroupPolicy', spec.fsGroupPolicy, spec.fsGroupPolicy === old.spec.fsGroupPolicy),
    ...immutable('spec.podInfoOnMount', spec.podInfoOnMount, spec.podInfoOnMount === old.spec.podInfoOnMount),
    ...immutable('spec.volumeLifecycleModes', spec.volumeLifecycleModes, deepEqual(spec.volumeLifecycleModes, old.spec.volumeLifecycleModes)),
  ];
}
