/** IPAddresses. Follows pkg/registry/networking/ipaddress and pkg/apis/networking/validation. */
import { newAlreadyExists } from '../../../../api/errors.ts';
import type { IPAddress, ParentReference } from '../../../../api/networking.ts';
import { ipAddresses } from '../../../../api/resources.ts';
import { deepEqual } from '../../deep-equal.ts';
import type { ServiceAllocations } from '../../core/service/service-allocations.ts';
import { plainStrategy, type Strategy } from '../../strategy.ts';
import { check, immutable, required, type FieldError } from '../../validation/field-errors.ts';
import { dnsSubdomain, pathSegment } from '../../validation/names.ts';
import { isOfService } from './service-addresses.ts';

/** @param allocations what somebody else than a Service has, no Service gets. */
export function createIpAddressStrategy(allocations: ServiceAllocations): Strategy<IPAddress> {
  return {
    ...plainStrategy,
    resource: ipAddresses,
    validate: ({ spec }) => validateParent(spec?.parentRef, 'spec.parentRef'),
    validateUpdate: ({ spec }, old) => immutable('spec.parentRef', spec?.parentRef, deepEqual(spec?.parentRef, old.spec?.parentRef)),
    reserve(object, old) {
      if (old || isOfService(object)) return { commit: () => {}, rollback: () => {} };
      const name = object.metadata?.name ?? '';
      const release = allocations.hold(name);
      if (!release) throw newAlreadyExists(ipAddresses, name);
      return { commit: () => {}, rollback: release };
    },
    released: ({ metadata }) => allocations.letGo(metadata?.name ?? ''),
  };
}

function validateParent(parent: ParentReference | undefined, path: string): FieldError[] {
  if (!parent) return [required(path)];
  const { group, resource, name, namespace } = parent;
  return [
    ...(group ? check(`${path}.group`, group, dnsSubdomain) : []),
    ...(resource ? check(`${path}.resource`, resource, pathSegment) : [required(`${path}.resource`)]),
    ...(name ? check(`${path}.name`, name, pathSegment) : [required(`${path}.name`)]),
    ...(namespace ? check(`${path}.namespace`, namespace, pathSegment) : []),
  ];
}
