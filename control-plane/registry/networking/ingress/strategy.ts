/** Ingresses. Follows pkg/registry/networking/ingress. */
import type { Ingress } from '../../../../api/networking.ts';
import { ingresses } from '../../../../api/resources.ts';
import { createRecordStrategy } from '../../record-strategy.ts';
import { ingressClassAnnotation, validateIngress, validateIngressStatusUpdate, validateIngressUpdate } from './validation.ts';

export const ingressStrategy = createRecordStrategy<Ingress>(ingresses, {
  validate: validateIngress,
  validateUpdate: validateIngressUpdate,
  validateStatusUpdate: validateIngressStatusUpdate,
  warnings: ({ metadata }, old) => (metadata?.annotations?.[ingressClassAnnotation] === undefined || old?.metadata?.annotations?.[ingressClassAnnotation] !== undefined
    ? []
    : [`annotation "${ingressClassAnnotation}" is deprecated, please use 'spec.ingressClassName' instead`]),
  prepareForCreate(ingress) {
    ingress.status = { loadBalancer: {} };
  },
});
