/** The netfilter rules that carry the connections of some portals past the proxy. Pure. */
import { tableName } from '../nft.ts';
import type { Portal } from '../service-plan.ts';

export function kernelTable(serviceCIDR: string): string {
  return tableName('bramble-kernel', serviceCIDR);
}

/** Takes the table away, whether it is there or not. */
export function removalScript(serviceCIDR: string): string {
  const table = kernelTable(serviceCIDR);
  // Adding first makes deleting succeed where nothing is there.
  return `add table ip ${table}\ndelete table ip ${table}\n`;
}

/**
 * One transaction of nft(8) that replaces the whole table.
 *
 * - New connections go to the backends in turn (numgen), before the rules of the guard (service-guard.ts) see them.
 * - A pod that stands behind the Service itself is left to the proxy: a bridge does not send a frame back where it came from.
 * - They take the address of the board, as connections of the proxy do: else a pod of the same board would answer past us.
 * - A pod that refuses is passed over: its reset is dropped while the handshake lasts, the client's TCP asks again after a
 *   second, and conntrack treats that as a new connection with the next backend.
 * - A pod that is gone does not even refuse: an unanswered handshake is forgotten after a second, so that the client's next
 *   attempt (a second later, then two) is a new connection too.
 */
export function kernelScript(serviceCIDR: string, portals: readonly Portal[], options = { forgetHandshakes: true }): string {
  if (portals.length === 0) return removalScript(serviceCIDR);
  const entry = ({ listener }: Portal, index: number): string => `${listener.ip} . ${listener.port} : goto service-${index}`;
  const toService = `ip daddr ${serviceCIDR} ip daddr . tcp dport vmap @services;`;
  return `${removalScript(serviceCIDR)}table ip ${kernelTable(serviceCIDR)} {
${portals.map(serviceChain).join('\n')}
  map services { type ipv4_addr . inet_service : verdict; elements = { ${portals.map(entry).join(', ')} } }
${options.forgetHandshakes ? handshakes(serviceCIDR) : ''}  chain prerouting {
    type nat hook prerouting priority dstnat - 1; policy accept;
    ${toService}
  }
  chain output {
    type nat hook output priority -101; policy accept;
    ${toService}
  }
  chain postrouting {
    type nat hook postrouting priority srcnat - 1; policy accept;
    oifname != "lo" ct status dnat ct original ip daddr ${serviceCIDR} masquerade;
  }
  chain refusals {
    type filter hook prerouting priority mangle; policy accept;
    tcp flags & rst == rst ct direction reply ct status dnat ct original ip daddr ${serviceCIDR} ct status & assured == 0 drop;
  }
}
`;
}

function serviceChain({ backends }: Portal, index: number): string {
  const turns = backends.map(({ ip, port }, turn) => `${turn} : ${ip} . ${port}`).join(', ');
  const own = [...new Set(backends.map(({ ip }) => ip))].join(', ');
  return `  chain service-${index} { ip saddr { ${own} } return; meta l4proto tcp dnat ip to numgen inc mod ${backends.length} map { ${turns} }; }`;
}

function handshakes(serviceCIDR: string): string {
  const forget = `ip daddr ${serviceCIDR} ct state new meta l4proto tcp ct timeout set "handshake"`;
  return `  ct timeout handshake {
    protocol tcp;
    l3proto ip;
    policy = { syn_sent : 1 };
  }
  chain handshakes {
    type filter hook prerouting priority mangle; policy accept;
    ${forget}
  }
  chain handshakes-output {
    type filter hook output priority mangle; policy accept;
    ${forget}
  }
`;
}
