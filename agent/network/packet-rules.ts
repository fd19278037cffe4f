/**
 * The few netfilter rules of a board, each in a chain of its own so that they can be made again and removed as a whole:
 *
 * - nat: what pods send to pods and Services keeps its source address, what leaves the cluster takes the board's.
 * - filter: Docker drops what it did not forward itself; pods of other boards may come in.
 */
import type { BoardNetwork } from '../../api/messaging/messages.ts';
import { CommandError, type RunCommand } from './run-command.ts';

export interface PacketRuleOptions {
  run: RunCommand;
  bridge: string;
}

interface Chain {
  table: 'nat' | 'filter';
  name: string;
  /** The chain of the system that jumps to it, before its other rules. */
  parent: string;
  rules: string[][];
}

/** Names of chains have at most 28 characters; a bridge's has at most 15. */
function chains(bridge: string, network: BoardNetwork): Chain[] {
  const { podCIDR, clusterCIDR, serviceCIDR } = network;
  return [
    {
      table: 'nat', name: natChain(bridge), parent: 'POSTROUTING',
      rules: [
        ['-d', clusterCIDR, '-j', 'RETURN'],
        ['-d', serviceCIDR, '-j', 'RETURN'],
        ['-s', podCIDR, '!', '-o', bridge, '-j', 'MASQUERADE'],
      ],
    },
    {
      table: 'filter', name: filterChain(bridge), parent: 'DOCKER-USER',
      rules: [
        ['-s', clusterCIDR, '-o', bridge, '-j', 'ACCEPT'],
        ['-i', bridge, '-d', clusterCIDR, '-j', 'ACCEPT'],
      ],
    },
  ];
}

function natChain(bridge: string): string {
  return `BRAMBLE-NAT-${bridge}`;
}

function filterChain(bridge: string): string {
  return `BRAMBLE-FWD-${bridge}`;
}

/** Idempotent. */
export async function applyPacketRules({ run, bridge }: PacketRuleOptions, network: BoardNetwork): Promise<void> {
  for (const chain of chains(bridge, network)) {
    // It may be there already.
    await succeeds(iptables(run, chain.table, '-N', chain.name));
    const wanted = chain.rules.map((rule) => `-A ${chain.name} ${rule.join(' ')}`);
    const listed = await iptables(run, chain.table, '-S', chain.name);
    const present = listed.split('\n').filter((line) => line.startsWith('-A ')).map((line) => line.trim());
    if (!sameRules(present, wanted)) {
      await iptables(run, chain.table, '-F', chain.name);
      for (const rule of chain.rules) await iptables(run, chain.table, '-A', chain.name, ...rule);
    }
    const jump = [chain.parent, '-j', chain.name];
    if (!await succeeds(iptables(run, chain.table, '-C', ...jump))) await iptables(run, chain.table, '-I', ...jump);
  }
}

/** The order matters, how the listing orders a rule's parts does not. */
function sameRules(present: readonly string[], wanted: readonly string[]): boolean {
  const normal = (rule: string) => rule.split(' ').sort().join(' ');
  return present.length === wanted.length && present.every((rule, index) => normal(rule) === normal(wanted[index] ?? ''));
}

/** Idempotent; also where the rules were never made. */
export async function removePacketRules({ run, bridge }: PacketRuleOptions): Promise<void> {
  const own = [
    { table: 'nat' as const, name: natChain(bridge), parent: 'POSTROUTING' },
    { table: 'filter' as const, name: filterChain(bridge), parent: 'DOCKER-USER' },
  ];
  for (const { table, name, parent } of own) {
    const present = (await iptables(run, table, '-S')).split('\n').map((line) => line.trim());
    if (present.includes(`-A ${parent} -j ${name}`)) await iptables(run, table, '-D', parent, '-j', name);
    if (!present.includes(`-N ${name}`)) continue;
    await iptables(run, table, '-F', name);
    await iptables(run, table, '-X', name);
  }
}

/** `-w`: waits for others that are changing rules. */
function iptables(run: RunCommand, table: Chain['table'], ...args: string[]): Promise<string> {
  return run('iptables', '-w', '10', '-t', table, ...args);
}

async function succeeds(command: Promise<unknown>): Promise<boolean> {
  try {
    await command;
    return true;
  } catch (error) {
    // Exit code 1 is iptables' "no such rule, chain or name"; anything else is a real failure.
    if (error instanceof CommandError && error.exitCode === 1) return false;
    throw error;
  }
}
