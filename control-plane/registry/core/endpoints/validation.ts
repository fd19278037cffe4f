/** Validation of Endpoints, beyond metadata. Follows pkg/apis/core/validation. */
import type { EndpointAddress, Endpoints, EndpointSubset } from '../../../../api/core.ts';
import { check, oneOf, portNumber, required, type FieldError } from '../../validation/field-errors.ts';
import { ipAddress, notSpecialAddress } from '../../validation/ip-addresses.ts';
import { dnsLabel, dnsSubdomain, qualifiedName } from '../../validation/names.ts';

const protocols = ['SCTP', 'TCP', 'UDP'];

export function validateEndpoints({ subsets = [] }: Endpoints): FieldError[] {
  return subsets.flatMap((subset, index) => validateSubset(subset, `subsets[${index}]`));
}

function validateSubset({ addresses = [], notReadyAddresses = [], ports = [] }: EndpointSubset, path: string): FieldError[] {
  return [
    ...(addresses.length + notReadyAddresses.length === 0 ? [required(path, 'must specify `addresses` or `notReadyAddresses`')] : []),
    ...addresses.flatMap((address, index) => validateAddress(address, `${path}.addresses[${index}]`)),
    ...notReadyAddresses.flatMap((address, index) => validateAddress(address, `${path}.notReadyAddresses[${index}]`)),
    ...ports.flatMap(({ name, port, protocol, appProtocol }, index) => {
      const place = `${path}.ports[${index}]`;
      return [
        ...(name ? check(`${place}.name`, name, dnsLabel) : ports.length > 1 ? [required(`${place}.name`)] : []),
        ...portNumber(`${place}.port`, port),
        ...oneOf(`${place}.protocol`, protocol, protocols),
        ...(appProtocol === undefined ? [] : check(`${place}.appProtocol`, appProtocol, qualifiedName)),
      ];
    }),
  ];
}

function validateAddress({ ip, hostname, nodeName }: EndpointAddress, path: string): FieldError[] {
  const problems = check(`${path}.ip`, ip, ipAddress);
  return [
    ...(problems.length > 0 ? problems : check(`${path}.ip`, ip, notSpecialAddress)),
    ...(hostname ? check(`${path}.hostname`, hostname, dnsLabel) : []),
    ...(nodeName === undefined ? [] : check(`${path}.nodeName`, nodeName, dnsSubdomain)),
  ];
}

export function validateEndpointsUpdate(endpoints: Endpoints, _old: Endpoints): FieldError[] {
  return validateEndpoints(endpoints);
}
