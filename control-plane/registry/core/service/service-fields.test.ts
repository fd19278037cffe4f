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
