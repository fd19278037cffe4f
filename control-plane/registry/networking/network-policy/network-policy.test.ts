import { describe, expect, test } from 'vitest';
import { creationProblems, updateProblems, withDefaults } from '../../testing/strategy-problems.ts';
import { networkPolicyStrategy as strategy } from './strategy.ts';

const from = (...peers: object[]) => ({ spec: { podSelector: {}, ingress: [{ from: peers }] } });
const to = (...ports: object[]) => ({ spec: { podSelector: {}, egress: [{ ports }] } });

test('defaults', () => {
  expect(withDefaults(strategy, {})).toEqual({ spec: { podSelector: {}, policyTypes: ['Ingress'] } });
  expect(withDefaults(strategy, { spec: { egress: [{ ports: [{ port: 80 }] }] } })).toEqual({ spec: { podSelector: {}, policyTypes: ['Ingress', 'Egress'], egress: [{ ports: [{ port: 80, protocol: 'TCP' }] }] } });
});

test('that selects all pods is the same whether it says so or not', () => {
  const [said, unsaid] = [withDefaults(strategy, { spec: { podSelector: {} } }), withDefaults(strategy, { spec: {} })];
  expect(strategy.generationChanged?.(unsaid, said)).toBe(false);
});

describe('a NetworkPolicy', () => {
  const peer = 'spec.ingress[0].from[0]';
  const port = 'spec.egress[0].ports[0]';
  test.each<[object, string[]]>([
    [from({ podSelector: {}, namespaceSelector: {} }, { ipBlock: { cidr: '198.18.0.0/16', except: ['198.18.1.0/24'] } }, { ipBlock: { cidr: '2001:db8::/32', except: ['2001:db8:1::/48'] } }), []],
    [to({ port: 'web' }, { port: 80, endPort: 90, protocol: 'SCTP' }, {}), []],
    [from({}), [`${peer}: Required value: must specify a peer`]],
    [from({ podSelector: {}, ipBlock: { cidr: '198.18.0.0/16' } }), [`${peer}: Forbidden: may not specify both ipBlock and another peer`]],
    [from({ ipBlock: {} }), [`${peer}.ipBlock.cidr: Required value`]],
    [from({ ipBlock: { cidr: '198.18.0.0/33' } }), [`${peer}.ipBlock.cidr: Invalid value: "198.18.0.0/33": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)`]],
    [from({ ipBlock: { cidr: '198.18.0.0/16', except: ['198.18.0.0/16', '2001:db8::/64'] } }), [
      `${peer}.ipBlock.except[0]: Invalid value: "198.18.0.0/16": must be a strict subset of \`cidr\``, `${peer}.ipBlock.except[1]: Invalid value: "2001:db8::/64": must be a strict subset of \`cidr\``,
    ]],
    [to({ port: 0, protocol: 'ICMP' }), [`${port}.protocol: Unsupported value: "ICMP": supported values: "TCP", "UDP", "SCTP"`, `${port}.port: Invalid value: 0: must be between 1 and 65535, inclusive`]],
    [to({ port: 80, endPort: 79 }), [`${port}.endPort: Invalid value: 79: must be greater than or equal to \`port\``]],
    [to({ port: 'web', endPort: 79 }), [`${port}.endPort: Invalid value: 79: may not be specified when \`port\` is non-numeric`]],
    [to({ endPort: 79 }), [`${port}.endPort: Invalid value: 79: may not be specified when \`port\` is not specified`]],
    [{ spec: { podSelector: {}, policyTypes: ['Both'] } }, ['spec.policyTypes[0]: Unsupported value: "Both": supported values: "Ingress", "Egress"']],
    [{ spec: { podSelector: {}, policyTypes: ['Ingress', 'Egress', 'Ingress'] } }, ['spec.policyTypes: Invalid value: ["Ingress","Egress","Ingress"]: may not specify more than two policyTypes']],
  ])('%.110j', (policy, expected) => expect(creationProblems(strategy, policy)).toEqual(expected));

  test('keeps the odd address blocks that it has, and gets no new ones', () => {
    const odd = from({ podSelector: {} }, { ipBlock: { cidr: '198.18.0.0/16', except: ['198.18.01.0/24'] } });
    expect(updateProblems(strategy, odd, odd)).toEqual([]);
    // A peer without a block is none that had an empty one.
    expect(updateProblems(strategy, from({ ipBlock: { cidr: '198.18.0.0/16', except: [''] } }), odd)).toEqual([`${peer}.ipBlock.except[0]: Invalid value: "": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)`]);
  });
});
