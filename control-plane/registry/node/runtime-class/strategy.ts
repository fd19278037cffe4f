/** RuntimeClasses. Follows pkg/registry/node/runtimeclass and pkg/apis/node/validation. */
import type { Toleration } from '../../../../api/core.ts';
import type { RuntimeClass } from '../../../../api/node.ts';
import { runtimeClasses } from '../../../../api/resources.ts';
import { validateResources } from '../../core/pod/validate-resources.ts';
import { validateTolerations } from '../../core/pod/validate-scheduling.ts';
import { plainStrategy, type Strategy } from '../../strategy.ts';
import { check, duplicate, immutable, type FieldError } from '../../validation/field-errors.ts';
import { dnsLabel } from '../../validation/names.ts';
import { validateLabels } from '../../validation/object-meta.ts';

export const runtimeClassStrategy: Strategy<RuntimeClass> = {
  ...plainStrategy,
  resource: runtimeClasses,
  allowUnconditionalUpdate: false,
  validate: validateRuntimeClass,
  validateUpdate: (runtimeClass, old) => [...validateRuntimeClass(runtimeClass), ...immutable('handler', runtimeClass.handler, runtimeClass.handler === old.handler)],
};

export function validateRuntimeClass({ handler, overhead, scheduling }: RuntimeClass): FieldError[] {
  return [
    ...check('handler', handler, dnsLabel),
    ...(overhead ? validateResources({ limits: overhead.podFixed ?? {} }, 'overhead') : []),
    ...validateLabels(scheduling?.nodeSelector, 'scheduling.nodeSelector'),
    // With the path that Kubernetes gives them.
    ...validateTolerations(scheduling?.tolerations ?? [], 'scheduling.tolerations.tolerations'),
    ...uniqueTolerations(scheduling?.tolerations ?? []),
  ];
}

function uniqueTolerations(tolerations: readonly Toleration[]): FieldError[] {
  const keyOf = ({ key = '', operator = '', value = '', effect = '' }: Toleration): string => JSON.stringify([key, operator, value, effect]);
  const keys = tolerations.map(keyOf);
  return tolerations.flatMap((toleration, index) => (keys.indexOf(keys[index]!) < index ? [duplicate(`scheduling.tolerations[${index}]`, toleration)] : []));
}
