/** Validation of EndpointSlices, beyond metadata. Follows pkg/apis/discovery/validation. */
import { isIPv4, isIPv6 } from 'node:net';
import type { Endpoint, EndpointPort, EndpointSlice } from '../../../../api/discovery.ts';
import { check, immutable, notSupported, oneOf, portNumber, required, tooMany, duplicate, type FieldError } from '../../validation/field-errors.ts';
import { qualifiedDomain } from '../../validation/domain-names.ts';
import { notSpecialAddress } from '../../validation/ip-addresses.ts';
import { dnsLabel, dnsSubdomain, qualifiedName } from '../../validation/names.ts';

const addressTypes = ['FQDN', 'IPv4', 'IPv6'];
const protocols = ['SCTP', 'TCP', 'UDP'];
const maxEndpoints = 1000;
const maxPorts = 20_000;
const maxAddresses = 100;

export function validateEndpointSlice(slice: EndpointSlice): FieldError[] {
  const { addressType } = slice;
  const ports = slice.ports ?? [];
  // The published type has a list always; clients may leave it out.
  const endpoints = (slice.endpoints as Endpoint[] | undefined) ?? [];
  return [
    ...oneOf('addressType', addressType, addressTypes),
    ...(endpoints.length > maxEndpoints ? [tooMany('endpoints', endpoints.length, maxEndpoints)] : endpoints.flatMap((endpoint, index) => validateEndpoint(endpoint, addressType, `endpoints[${index}]`))),
    ...(ports.length > maxPorts ? [tooMany('ports', ports.length, maxPorts)] : validatePorts(ports)),
  ];
}

function validateEndpoint(endpoint: Endpoint, addressType: string, path: string): FieldError[] {
  const addresses = (endpoint.addresses as string[] | undefined) ?? [];
  return [
    ...(addresses.length === 0 ? [required(`${path}.addresses`, 'must contain at least 1 address')] : []),
    ...(addresses.length > maxAddresses ? [tooMany(`${path}.addresses`, addresses.length, maxAddresses)] : []),
    ...addresses.flatMap((address, index) => validateAddress(address, addressType, `${path}.addresses[${index}]`)),
    ...(endpoint.hostname === undefined ? [] : check(`${path}.hostname`, endpoint.hostname, dnsLabel)),
    ...(endpoint.nodeName === undefined ? [] : check(`${path}.nodeName`, endpoint.nodeName, dnsSubdomain)),
  ];
}

function validateAddress(address: string, addressType: string, field: string): FieldError[] {
  switch (addressType) {
    case 'IPv4': return check(field, address, (text) => (isIPv4(text) ? notSpecialAddress(text) : ['must be an IPv4 address']));
    case 'IPv6': return check(field, address, (text) => (isIPv6(text) ? notSpecialAddress(text) : ['must be an IPv6 address']));
    case 'FQDN': return qualifiedDomain(field, address);
    default: return [];
  }
}

function validatePorts(ports: readonly EndpointPort[]): FieldError[] {
  const names = new Set<string>();
  return ports.flatMap(({ name = '', port, protocol, appProtocol }, index) => {
    const path = `ports[${index}]`;
    const errors = [
      ...(name ? check(`${path}.name`, name, dnsLabel) : []),
      ...(names.has(name) ? [duplicate(`${path}.name`, name)] : []),
      ...(protocol === undefined ? [required(`${path}.protocol`)] : protocols.includes(protocol) ? [] : [notSupported(`${path}.protocol`, protocol, protocols)]),
      ...(port === undefined ? [] : portNumber(`${path}.port`, port)),
      ...(appProtocol === undefined ? [] : check(`${path}.appProtocol`, appProtocol, qualifiedName)),
    ];
    names.add(name);
    return errors;
  });
}

export function validateEndpointSliceUpdate(slice: EndpointSlice, old: EndpointSlice): FieldError[] {
  const addressType = (slice.addressType as string | undefined) ?? '';
  return [...validateEndpointSlice(slice), ...immutable('addressType', addressType, addressType === old.addressType)];
}
