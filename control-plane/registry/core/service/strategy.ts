/** Services. Follows pkg/registry/core/service. */
import type { Service } from '../../../../api/core.ts';
import { services } from '../../../../api/resources.ts';
import { keepField } from '../../keep-field.ts';
import { plainStrategy } from '../../strategy.ts';
import type { Strategy } from '../../strategy.ts';
import type { Writable } from '../../writable.ts';
import { defaultService } from './defaults.ts';
import type { ServiceAllocations } from './service-allocations.ts';
import { dropTypeDependentFields, keepAllocatedValues, normalizeClusterIPs, setIpFamilies, validateIpFamilies } from './service-fields.ts';
import { validateServiceStatusUpdate } from './validate-load-balancer.ts';
import { validateService, validateServiceUpdate } from './validation.ts';
import { serviceWarnings } from './warnings.ts';

/** @param allocations already holds what the stored Services have. */
export function createServiceStrategy(allocations: ServiceAllocations): Strategy<Service> {
  return {
    ...plainStrategy,
    resource: services,
    returnsDeletedObject: true,
    allowCreateOnUpdate: true,
    selectableFields: ['spec.clusterIP', 'spec.type'],
    selectField({ spec }, field) {
      if (field === 'spec.clusterIP') return spec?.clusterIP ?? '';
      return field === 'spec.type' ? spec?.type ?? '' : '';
    },
    prepareForCreate(service: Writable<Service>) {
      service.status = { loadBalancer: {} };
      if (!service.spec) return;
      normalizeClusterIPs(service.spec);
      setIpFamilies(service.spec);
    },
    prepareForUpdate(service: Writable<Service>, old) {
      keepField(service, old, 'status');
      // No balancer answers for another type.
      if (service.spec?.type !== 'LoadBalancer' && service.status?.loadBalancer?.ingress) service.status = { ...service.status, loadBalancer: {} };
      if (!service.spec || !old.spec) return;
      normalizeClusterIPs(service.spec, old.spec);
      keepAllocatedValues(service.spec, old.spec);
      dropTypeDependentFields(service.spec, old.spec);
      setIpFamilies(service.spec);
    },
    prepareForStatusUpdate(service, old) {
      keepField(service, old, 'spec');
    },
    defaults: defaultService,
    validate: (service) => [...validateService(service), ...validateIpFamilies(service.spec)],
    validateUpdate: (service, old) => [...validateServiceUpdate(service, old), ...validateIpFamilies(service.spec)],
    validateStatusUpdate: validateServiceStatusUpdate,
    warnings: serviceWarnings,
    reserve: (service, old) => allocations.reserve(service, old),
    released: (service) => allocations.release(service),
  };
}
