/** Ingresses. Follows pkg/registry/networking/ingress. */
import type { Ingress } from '../../../../api/networking.ts';
import { ingresses } from '../../../../api/resources.ts';
import { createRecordStrategy } from '../../record-strategy.ts';
import { validateIngress, validateIngressStatusUpdate, validateIngressUpdate } from './validation.ts';

export const ingressStrategy = createRecordStrategy<Ingress>(ingresses, {
  validate: validateIngress,
  validateUpdate: validateIngressUpdate,
  validateStatusUpdate: validateIngressStatusUpdate,
  prepareForCreate(ingress) {
    ingress.status = { loadBalancer: {} };
  },
});
