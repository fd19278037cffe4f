import { describe, expect, it } from 'vitest';
import type { ServiceSpec } from '../../../../api/core.ts';
import { dropTypeDependentFields } from './service-fields.ts';

describe('a Service that changes to what has no external traffic', () => {
  const old: ServiceSpec = { type: 'ClusterIP', externalIPs: ['192.0.2.1'], externalTrafficPolicy: 'Cluster' };

  it('loses the policy for it with the last external address, and with the type', () => {
    const spec: ServiceSpec = { type: 'ClusterIP', externalTrafficPolicy: 'Cluster' };
    dropTypeDependentFields(spec, old);
    expect(spec).toEqual({ type: 'ClusterIP' });
    const typed: ServiceSpec = { type: 'ClusterIP', externalTrafficPolicy: 'Local' };
    dropTypeDependentFields(typed, { type: 'NodePort', externalTrafficPolicy: 'Local' });
    expect(typed).toEqual({ type: 'ClusterIP' });
  });

  it('keeps a policy that the client has just written, for validation to refuse, and one that is still needed', () => {
    const written: ServiceSpec = { type: 'ClusterIP', externalTrafficPolicy: 'Local' };
    dropTypeDependentFields(written, old);
    expect(written.externalTrafficPolicy).toBe('Local');
    const accessible: ServiceSpec = { type: 'ClusterIP', externalIPs: ['192.0.2.2'], externalTrafficPolicy: 'Local' };
    dropTypeDependentFields(accessible, { type: 'NodePort', externalTrafficPolicy: 'Local' });
    expect(accessible.externalTrafficPolicy).toBe('Local');
  });
});

it('drops addresses and families each by itself from a Service that needs none any more', () => {
  const old: ServiceSpec = { type: 'ClusterIP', clusterIP: '198.18.0.9', clusterIPs: ['198.18.0.9'], ipFamilies: ['IPv4'], ipFamilyPolicy: 'SingleStack' };
  const external = { type: 'ExternalName', externalName: 'a.test' };
  const dropped = (more: ServiceSpec): ServiceSpec => {
    const spec = { ...external, ...more };
    dropTypeDependentFields(spec, old);
    return spec;
  };
  expect(dropped({ ...old, type: 'ExternalName' })).toEqual(external);
  expect(dropped({ ipFamilies: ['IPv4'], ipFamilyPolicy: 'SingleStack' })).toEqual(external);
  expect(dropped({ clusterIP: '198.18.0.9', clusterIPs: ['198.18.0.9'], ipFamilies: ['IPv6'] })).toEqual({ ...external, ipFamilies: ['IPv6'] });
});
