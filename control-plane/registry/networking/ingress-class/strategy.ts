/** IngressClasses. Follows pkg/registry/networking/ingressclass and pkg/apis/networking. */
import type { IngressClass, IngressClassSpec } from '../../../../api/networking.ts';
import { ingressClasses } from '../../../../api/resources.ts';
import { deepEqual } from '../../deep-equal.ts';
import { plainStrategy, type Strategy } from '../../strategy.ts';
import { domainPrefixedPath } from '../../validation/domain-names.ts';
import { check, forbidden, immutable, notSupported, required, tooLong, type FieldError } from '../../validation/field-errors.ts';
import { dnsLabel } from '../../validation/names.ts';
import { validateReference } from '../ingress/validation.ts';

const maxControllerBytes = 250;

export const ingressClassStrategy: Strategy<IngressClass> = {
  ...plainStrategy,
  resource: ingressClasses,
  defaults({ spec }) {
    if (spec?.parameters) spec.parameters.scope ??= 'Cluster';
  },
  validate: validateIngressClass,
  validateUpdate: (ingressClass, old) => [
    ...immutable('spec.controller', ingressClass.spec?.controller ?? '', ingressClass.spec?.controller === old.spec?.controller),
    ...validateIngressClass(ingressClass),
  ],
  generationChanged: (ingressClass, old) => !deepEqual(ingressClass.spec, old.spec),
};

export function validateIngressClass({ spec = {} }: IngressClass): FieldError[] {
  const { controller, parameters } = spec;
  const errors = controller ? [] : [required('spec.controller')];
  if (controller) {
    if (Buffer.byteLength(controller) > maxControllerBytes) errors.push(tooLong('spec.controller', maxControllerBytes));
    errors.push(...domainPrefixedPath('spec.controller', controller));
  }
  return parameters ? [...errors, ...validateParameters(parameters, 'spec.parameters')] : errors;
}

function validateParameters(parameters: NonNullable<IngressClassSpec['parameters']>, path: string): FieldError[] {
  const errors = validateReference(parameters, path);
  const { scope, namespace } = parameters;
  switch (scope) {
    case undefined: return [...errors, required(`${path}.scope`)];
    case 'Cluster': return namespace === undefined ? errors : [...errors, forbidden(`${path}.namespace`, "`parameters.scope` is set to 'Cluster'")];
    case 'Namespace':
      return [...errors, ...(namespace === undefined ? [required(`${path}.namespace`, "`parameters.scope` is set to 'Namespace'")] : check(`${path}.namespace`, namespace, dnsLabel))];
    default: return [...errors, notSupported(`${path}.scope`, scope, ['Cluster', 'Namespace'])];
  }
}
