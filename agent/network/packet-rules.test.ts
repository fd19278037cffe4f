import { beforeEach, describe, expect, it } from 'vitest';
import { applyPacketRules, removePacketRules } from './packet-rules.ts';
import { CommandError, type RunCommand } from './run-command.ts';

const network = { podCIDR: '198.18.1.0/24', clusterCIDR: '198.18.0.0/16', serviceCIDR: '198.19.0.0/16', dnsAddress: '198.19.0.10', clusterDomain: 'cluster.local' };

/** As much of iptables as the rules use. */
class FakeIptables {
  readonly tables: Record<string, Map<string, string[]>> = {
    nat: new Map([['POSTROUTING', ['-A POSTROUTING -s 203.0.113.0/24 -j MASQUERADE']]]),
    filter: new Map([['DOCKER-USER', ['-A DOCKER-USER -j RETURN']]]),
  };
  changes = 0;

  readonly run: RunCommand = async (_program, ...args) => {
    const [, , , table, verb, chain, ...rule] = args as [string, string, string, string, string, string | undefined, ...string[]];
    const chains = this.tables[table]!;
    const no = () => new CommandError('no', 1, { cause: undefined });
    const rules = chains.get(chain ?? '');
    const text = `-A ${chain} ${rule.join(' ')}`;
    if (verb === '-S' && chain === undefined) return [...[...chains.keys()].map((name) => `-N ${name}`), ...[...chains.values()].flat()].join('\n');
    if (verb === '-N') {
      if (rules) throw no();
      chains.set(chain!, []);
      this.changes += 1;
      return '';
    }
    if (!rules) throw no();
    switch (verb) {
      case '-S': return [`-N ${chain}`, ...rules].join('\n');
      case '-C': if (!rules.includes(text)) throw no(); return '';
      case '-A': rules.push(text); break;
      case '-I': rules.unshift(text); break;
      case '-F': rules.length = 0; break;
      case '-X': chains.delete(chain!); break;
      case '-D': if (!rules.includes(text)) throw no(); rules.splice(rules.indexOf(text), 1); break;
    }
    this.changes += 1;
    return '';
  };
}

describe('packet rules', () => {
  let iptables: FakeIptables;
  beforeEach(() => { iptables = new FakeIptables(); });
  const options = () => ({ run: iptables.run, bridge: 'bramble0' });
  const state = () => JSON.stringify(Object.values(iptables.tables).map((table) => [...table]));

  it('keep the source inside the cluster and hide it outside', async () => {
    await applyPacketRules(options(), network);
    expect(iptables.tables['nat']!.get('BRAMBLE-NAT-bramble0')).toEqual([
      '-A BRAMBLE-NAT-bramble0 -d 198.18.0.0/16 -j RETURN', '-A BRAMBLE-NAT-bramble0 -d 198.19.0.0/16 -j RETURN',
      '-A BRAMBLE-NAT-bramble0 -s 198.18.1.0/24 ! -o bramble0 -j MASQUERADE',
    ]);
    expect(iptables.tables['nat']!.get('POSTROUTING')![0]).toBe('-A POSTROUTING -j BRAMBLE-NAT-bramble0');
    expect(iptables.tables['filter']!.get('DOCKER-USER')![0]).toBe('-A DOCKER-USER -j BRAMBLE-FWD-bramble0');
  });

  it('are changed only where they are not what they should be', async () => {
    await applyPacketRules(options(), network);
    const { changes } = iptables;
    const before = state();
    await applyPacketRules(options(), network);
    expect(iptables.changes).toBe(changes);
    iptables.tables['nat']!.get('BRAMBLE-NAT-bramble0')!.pop();
    iptables.tables['filter']!.get('DOCKER-USER')!.shift();
    await applyPacketRules(options(), network);
    expect(state()).toBe(before);
  });

  it('are removed without a trace, also twice, and nothing else with them', async () => {
    const before = state();
    await applyPacketRules(options(), network);
    await removePacketRules(options());
    expect(state()).toBe(before);
    await removePacketRules(options());
    expect(state()).toBe(before);
  });
});
