import { describe, expect, it } from 'vitest';
import type { Service } from '../api/core.ts';
import type { EndpointSlice } from '../api/discovery.ts';
import { planPortals, type PlanInput } from './service-plan.ts';
import { makeService, makeSlice } from './testing/network-builders.ts';

function plan(services: Service[], endpointSlices: EndpointSlice[], more: Partial<PlanInput> = {}) {
  return planPortals({ services, endpointSlices, boardName: 'pi-1', reservedAddresses: [], ...more });
}

const web = makeService('web', { type: 'ClusterIP', clusterIP: '198.19.0.5', clusterIPs: ['198.19.0.5'], ports: [{ port: 80, protocol: 'TCP' }] });

describe('planPortals', () => {
  it('listens on the cluster address and sends to the ready endpoints, in a stable order', () => {
    const portals = plan([web], [makeSlice('web', [{ addresses: ['198.18.0.9'] }, { addresses: ['198.18.0.3'], conditions: { ready: true } }], [{ port: 8080 }])]);
    expect(portals).toEqual([{
      key: 'tcp 198.19.0.5:80', service: 'default/web:80', protocol: 'TCP', listener: { ip: '198.19.0.5', port: 80 },
      backends: [{ ip: '198.18.0.3', port: 8080 }, { ip: '198.18.0.9', port: 8080 }], affinitySeconds: undefined,
    }]);
  });

  it('has no portal without endpoints, so that connections are refused', () => {
    expect(plan([web], [])).toEqual([]);
    expect(plan([web], [makeSlice('web', [{ addresses: ['198.18.0.3'], conditions: { ready: false } }], [{ port: 80 }])])).toEqual([]);
  });

  it('uses endpoints that terminate and still serve only where none is ready', () => {
    const leaving = { addresses: ['198.18.0.3'], conditions: { ready: false, serving: true, terminating: true } };
    const gone = { addresses: ['198.18.0.4'], conditions: { ready: false, serving: false, terminating: true } };
    const ready = { addresses: ['198.18.0.5'], conditions: { ready: true } };
    expect(plan([web], [makeSlice('web', [leaving, gone], [{ port: 80 }])])[0]!.backends).toEqual([{ ip: '198.18.0.3', port: 80 }]);
    expect(plan([web], [makeSlice('web', [leaving, ready], [{ port: 80 }])])[0]!.backends).toEqual([{ ip: '198.18.0.5', port: 80 }]);
  });

  it('joins the slices of a Service and matches ports by name and protocol', () => {
    const dns = makeService('dns', { clusterIP: '198.19.0.6', ports: [{ name: 'dns', port: 53, protocol: 'UDP' }, { name: 'dns-tcp', port: 53, protocol: 'TCP' }] });
    const portals = plan([dns], [
      makeSlice('dns', [{ addresses: ['198.18.0.3'] }], [{ name: 'dns', port: 1053, protocol: 'UDP' }]),
      makeSlice('dns', [{ addresses: ['198.18.0.3'] }, { addresses: ['198.18.0.4'] }], [{ name: 'dns', port: 1053, protocol: 'UDP' }, { name: 'dns-tcp', port: 2053 }]),
    ]);
    expect(portals.map(({ key, backends }) => [key, backends.map(({ ip, port }) => `${ip}:${port}`)])).toEqual([
      ['udp 198.19.0.6:53', ['198.18.0.3:1053', '198.18.0.4:1053']],
      ['tcp 198.19.0.6:53', ['198.18.0.3:2053', '198.18.0.4:2053']],
    ]);
  });

  it('opens NodePorts on every address', () => {
    const service = makeService('web', { type: 'NodePort', clusterIP: '198.19.0.5', ports: [{ port: 80, nodePort: 30080 }] });
    expect(plan([service], [makeSlice('web', [{ addresses: ['198.18.0.3'] }], [{ port: 80 }])]).map(({ key }) => key)).toEqual(['tcp 198.19.0.5:80', 'tcp *:30080']);
  });

  it('keeps to this board where a traffic policy is Local', () => {
    const slices = [makeSlice('web', [{ addresses: ['198.18.0.3'], nodeName: 'pi-1' }, { addresses: ['198.18.1.3'], nodeName: 'pi-2' }], [{ port: 80 }])];
    const service = makeService('web', { type: 'NodePort', clusterIP: '198.19.0.5', externalTrafficPolicy: 'Local', ports: [{ port: 80, nodePort: 30080 }] });
    expect(plan([service], slices).map(({ backends }) => backends.length)).toEqual([2, 1]);
    expect(plan([service], slices, { boardName: 'pi-3' }).map(({ key }) => key)).toEqual(['tcp 198.19.0.5:80']);
    const internal = makeService('web', { clusterIP: '198.19.0.5', internalTrafficPolicy: 'Local', ports: [{ port: 80 }] });
    expect(plan([internal], slices)[0]!.backends).toEqual([{ ip: '198.18.0.3', port: 80 }]);
  });

  it('leaves out headless and external Services, SCTP and addresses that somebody else serves', () => {
    const slices = [makeSlice('web', [{ addresses: ['198.18.0.3'] }], [{ port: 80 }, { port: 81, protocol: 'SCTP' }])];
    expect(plan([makeService('web', { clusterIP: 'None', ports: [{ port: 80 }] })], slices)).toEqual([]);
    expect(plan([makeService('web', { type: 'ExternalName', externalName: 'example.test' })], slices)).toEqual([]);
    expect(plan([makeService('web', { clusterIP: '198.19.0.5', ports: [{ port: 81, protocol: 'SCTP' }] })], slices)).toEqual([]);
    expect(plan([web], slices, { reservedAddresses: ['198.19.0.5'] })).toEqual([]);
  });

  it('takes session affinity with its time', () => {
    const slices = [makeSlice('web', [{ addresses: ['198.18.0.3'] }], [{ port: 80 }])];
    const sticky = (seconds?: number) => makeService('web', { clusterIP: '198.19.0.5', sessionAffinity: 'ClientIP', ...(seconds ? { sessionAffinityConfig: { clientIP: { timeoutSeconds: seconds } } } : {}), ports: [{ port: 80 }] });
    expect(plan([sticky()], slices)[0]!.affinitySeconds).toBe(10_800);
    expect(plan([sticky(60)], slices)[0]!.affinitySeconds).toBe(60);
  });
});
