/** Ingresses, IngressClasses, NetworkPolicies, ServiceCIDRs and IPAddresses. */
import type { Ingress, IngressClass, IngressRule, IPAddress, NetworkPolicy, ServiceCIDR } from '../../../api/networking.ts';
import { formatLabelSelector, none } from './labels.ts';
import { column, nameColumn, type Printer } from './printer.ts';
import { record } from './records.ts';

const shownHosts = 3;

export const ingressPrinter: Printer<Ingress> = record<Ingress>([
  column('Class', { description: 'The name of the IngressClass resource that should be used for additional configuration' }),
  column('Hosts', { description: 'Hosts that incoming requests are matched against before the ingress rule' }),
  column('Address', { description: 'Address is a list containing ingress points for the load-balancer' }),
  column('Ports', { description: 'Ports of TLS configurations that open' }),
], ({ spec, status }) => [
  spec?.ingressClassName ?? none, formatHosts(spec?.rules ?? []),
  [...new Set((status?.loadBalancer?.ingress ?? []).map(({ ip, hostname }) => ip || hostname || '').filter((text) => text !== ''))].sort().join(','),
  spec?.tls?.length ? '80, 443' : '80',
]);

/** As Kubernetes counts: rules without a host are among the rest. */
function formatHosts(rules: readonly IngressRule[]): string {
  const hosts: string[] = [];
  let more = false;
  for (const { host } of rules) {
    if (hosts.length === shownHosts) more = true;
    else if (host) hosts.push(host);
  }
  if (hosts.length === 0) return '*';
  return more ? `${hosts.join(',')} + ${rules.length - shownHosts} more...` : hosts.join(',');
}

export const ingressClassPrinter: Printer<IngressClass> = record<IngressClass>([
  column('Controller', { description: 'Controller that is responsible for handling this class' }),
  column('Parameters', { description: 'A reference to a resource with additional parameters' }),
], ({ spec }) => {
  const { kind, apiGroup, name } = spec?.parameters ?? {};
  return [spec?.controller ?? '', spec?.parameters ? `${kind ?? ''}${apiGroup === undefined ? '' : `.${apiGroup}`}/${name ?? ''}` : none];
});

export const networkPolicyPrinter: Printer<NetworkPolicy> = record<NetworkPolicy>(
  [column('Pod-Selector', { description: 'Which pods it is about.' })],
  ({ spec }) => [formatLabelSelector((spec as Partial<NonNullable<typeof spec>> | undefined)?.podSelector ?? {})]);

export const serviceCidrPrinter: Printer<ServiceCIDR> = record<ServiceCIDR>(
  [column('CIDRs', { description: 'Address blocks that Services get their addresses from.' })], ({ spec }) => [(spec?.cidrs ?? []).join(',')]);

/** Without an age, as in Kubernetes. */
export const ipAddressPrinter: Printer<IPAddress> = {
  columns: [nameColumn, column('ParentRef', { description: 'Who has the address.' })],
  cells({ metadata, spec }) {
    const { group, resource = '', namespace, name = '' } = spec?.parentRef ?? {};
    return [metadata?.name ?? '', spec?.parentRef ? [group ? `${resource}.${group}` : resource, ...(namespace ? [namespace] : []), name].join('/').toLowerCase() : none];
  },
};
