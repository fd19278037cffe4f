/** Services. Follows pkg/registry/core/service. */
import type { Service } from '../../../../api/core.ts';
import { services } from '../../../../api/resources.ts';
import { plainStrategy } from '../../strategy.ts';
import type { Strategy } from '../../strategy.ts';
import type { Writable } from '../../writable.ts';

export function createServiceStrategy(): Strategy<Service> {
  return {
    ...plainStrategy,
    resource: services,
    allowCreateOnUpdate: true,
    selectableFields: ['spec.clusterIP', 'spec.type'],
    selectField({ spec }, field) {
      if (field === 'spec.clusterIP') return spec?.clusterIP ?? '';
      return field === 'spec.type' ? spec?.type ?? '' : '';
    },
    prepareForCreate(service: Writable<Service>) {
      service.status = { loadBalancer: {} };
    },
    prepareForUpdate(service: Writable<Service>, old) {
      service.status = old.status;
    },
    prepareForStatusUpdate(service, old) {
      service.spec = old.spec;
    },
  };
}
