/** Validation of NetworkPolicies, beyond metadata. Follows pkg/apis/networking/validation. */
import { BlockList, isIPv6 } from 'node:net';
import type { IPBlock, NetworkPolicy, NetworkPolicyPeer, NetworkPolicyPort, NetworkPolicySpec } from '../../../../api/networking.ts';
import { check, forbidden, invalid, notSupported, portNumber, required, type FieldError } from '../../validation/field-errors.ts';
import { addressBlock } from '../../validation/ip-addresses.ts';
import { validateLabelSelector } from '../../validation/label-selector.ts';
import { portName } from '../../validation/names.ts';

const protocols = ['TCP', 'UDP', 'SCTP'];
const policyTypes = ['Ingress', 'Egress'];

export function validateNetworkPolicy({ spec }: NetworkPolicy): FieldError[] {
  return validateSpec(spec ?? {}, new Set());
}

/** Address blocks that the policy had are not checked again. */
export function validateNetworkPolicyUpdate({ spec }: NetworkPolicy, old: NetworkPolicy): FieldError[] {
  const peers = [...(old.spec?.ingress ?? []).flatMap(({ from = [] }) => from), ...(old.spec?.egress ?? []).flatMap(({ to = [] }) => to)];
  const known = peers.flatMap(({ ipBlock }) => (ipBlock ? [ipBlock.cidr, ...ipBlock.except ?? []] : []));
  return validateSpec(spec ?? {}, new Set(known));
}

function validateSpec(spec: Partial<NetworkPolicySpec>, known: ReadonlySet<string>): FieldError[] {
  const errors = [
    ...validateLabelSelector(spec.podSelector, 'spec.podSelector'),
    ...(spec.ingress ?? []).flatMap(({ ports = [], from = [] }, index) => validateRule(`spec.ingress[${index}]`, ports, ['from', from, known])),
    ...(spec.egress ?? []).flatMap(({ ports = [], to = [] }, index) => validateRule(`spec.egress[${index}]`, ports, ['to', to, known])),
  ];
  const types = spec.policyTypes ?? [];
  if (types.length > policyTypes.length) return [...errors, invalid('spec.policyTypes', types, 'may not specify more than two policyTypes')];
  const unknown = types.flatMap((type, index) => (policyTypes.includes(type) ? [] : [notSupported(`spec.policyTypes[${index}]`, type, policyTypes)]));
  return [...errors, ...unknown];
}

type Peers = readonly [field: string, peers: readonly NetworkPolicyPeer[], known: ReadonlySet<string>];

function validateRule(path: string, ports: readonly NetworkPolicyPort[], [field, peers, known]: Peers): FieldError[] {
  return [
    ...ports.flatMap((port, index) => validatePort(port, `${path}.ports[${index}]`)),
    ...peers.flatMap((peer, index) => validatePeer(peer, `${path}.${field}[${index}]`, known)),
  ];
}

function validatePort({ protocol, port, endPort }: NetworkPolicyPort, path: string): FieldError[] {
  const errors = protocol === undefined || protocols.includes(protocol) ? [] : [notSupported(`${path}.protocol`, protocol, protocols)];
  if (port === undefined) {
    return endPort === undefined ? errors : [...errors, invalid(`${path}.endPort`, endPort, 'may not be specified when `port` is not specified')];
  }
  if (typeof port === 'string') {
    if (endPort !== undefined) errors.push(invalid(`${path}.endPort`, endPort, 'may not be specified when `port` is non-numeric'));
    return [...errors, ...check(`${path}.port`, port, portName)];
  }
  errors.push(...portNumber(`${path}.port`, port));
  if (endPort === undefined) return errors;
  if (endPort < port) errors.push(invalid(`${path}.endPort`, endPort, 'must be greater than or equal to `port`'));
  return [...errors, ...portNumber(`${path}.endPort`, endPort)];
}

function validatePeer({ podSelector, namespaceSelector, ipBlock }: NetworkPolicyPeer, path: string, known: ReadonlySet<string>): FieldError[] {
  const errors = [
    ...(podSelector ? validateLabelSelector(podSelector, `${path}.podSelector`) : []),
    ...(namespaceSelector ? validateLabelSelector(namespaceSelector, `${path}.namespaceSelector`) : []),
    ...(ipBlock ? validateBlock(ipBlock, `${path}.ipBlock`, known) : []),
  ];
  if (!podSelector && !namespaceSelector && !ipBlock) errors.push(required(path, 'must specify a peer'));
  else if (ipBlock && (podSelector ?? namespaceSelector)) errors.push(forbidden(path, 'may not specify both ipBlock and another peer'));
  return errors;
}

function validateBlock({ cidr, except = [] }: Partial<IPBlock>, path: string, known: ReadonlySet<string>): FieldError[] {
  if (!cidr) return [required(`${path}.cidr`)];
  const rule = (text: string) => (known.has(text) ? [] : addressBlock(text));
  const errors = check(`${path}.cidr`, cidr, rule);
  const outer = addressBlock(cidr).length === 0 ? cidr : undefined;
  except.forEach((block, index) => {
    const place = `${path}.except[${index}]`;
    errors.push(...check(place, block, rule));
    if (outer && addressBlock(block).length === 0 && !isStrictSubset(block, outer)) errors.push(invalid(place, block, 'must be a strict subset of `cidr`'));
  });
  return errors;
}

function isStrictSubset(inner: string, outer: string): boolean {
  const [innerAddress = '', innerBits] = inner.split('/');
  const [outerAddress = '', outerBits] = outer.split('/');
  if (isIPv6(innerAddress) !== isIPv6(outerAddress)) return false;
  const family = isIPv6(outerAddress) ? 'ipv6' : 'ipv4';
  const block = new BlockList();
  block.addSubnet(outerAddress, Number(outerBits), family);
  return block.check(innerAddress, family) && Number(innerBits) > Number(outerBits);
}
