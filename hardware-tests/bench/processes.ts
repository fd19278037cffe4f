/** Memory and disk writes of the product's processes, as the kernel counts them. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { Cluster } from '../framework/cluster.ts';
import type { Figure } from './figure.ts';

const parts = ['up', 'server', 'nats-server', 'agent', 'proxy'] as const;
type Part = (typeof parts)[number];

/** IPv4 and TCP with time stamps. */
const segmentHeaderBytes = 52;

/** Proportional set size in MB: shared pages count by share. */
export function pss(pid: number): number {
  const match = /^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'));
  return Number(match?.[1] ?? NaN) / 1000;
}

function writtenBytes(pid: number): number {
  return Number(/^write_bytes: (\d+)/m.exec(readFileSync(`/proc/${pid}/io`, 'utf8'))?.[1] ?? NaN);
}

/** Clock ticks of user and system time, of which the kernel has 100 a second. */
export function cpuTicks(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return Number(fields[11]) + Number(fields[12]);
}

function memory(cluster: Cluster): Record<Part, number> {
  return Object.fromEntries(parts.map((part) => [part, pss(cluster.pid(part))])) as Record<Part, number>;
}

export function memoryFigures(cluster: Cluster, state: string): Figure[] {
  const used = memory(cluster);
  return [
    ...parts.map((part) => ({ what: `memory of ${part}, ${state}`, value: used[part], unit: 'MB' })),
    { what: `control plane with its nats-server, ${state}`, value: used.server + used['nats-server'], unit: 'MB', ...(state === 'idle' ? { budget: { bound: 'at most' as const, value: 120 } } : {}) },
    { what: `agent, proxy and DNS, ${state}`, value: used.agent + used.proxy, unit: 'MB', ...(state === 'idle' ? {} : { budget: { bound: 'at most' as const, value: 75 } }) },
  ];
}

/**
 * Bytes that the agent and the proxy have sent to nats-server, with TLS records, TCP and IP headers (52 bytes a segment:
 * pings and acknowledgements are on the bill too).
 */
function uplinkBytes(cluster: Cluster): number {
  const port = cluster.flags[cluster.flags.indexOf('--nats-port') + 1];
  const lines = execFileSync('ss', ['-tiHOnp', `( dport = :${port} )`], { encoding: 'utf8' }).split('\n');
  const pids = [cluster.pid('agent'), cluster.pid('proxy')];
  const number = (line: string, name: string): number => Number(new RegExp(`\\b${name}:(\\d+)`).exec(line)?.[1] ?? 0);
  return lines.filter((line) => pids.some((pid) => line.includes(`pid=${pid},`)))
    .reduce((sum, line) => sum + number(line, 'bytes_sent') + number(line, 'segs_out') * segmentHeaderBytes, 0);
}

/** What an idle cluster writes, sends and computes. */
export async function idleFigures(cluster: Cluster, seconds: number): Promise<Figure[]> {
  const read = (): { written: number; uplink: number; ticks: Record<Part, number> } => ({
    uplink: uplinkBytes(cluster),
    written: parts.reduce((sum, part) => sum + writtenBytes(cluster.pid(part)), 0),
    ticks: Object.fromEntries(parts.map((part) => [part, cpuTicks(cluster.pid(part))])) as Record<Part, number>,
  });
  const before = read();
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  const after = read();
  const share = (part: Part): number => (after.ticks[part] - before.ticks[part]) / seconds;
  return [
    { what: `bytes written by an idle cluster in ${seconds} s`, value: after.written - before.written, unit: 'B', budget: { bound: 'at most', value: 0 } },
    { what: 'uplink of an idle board, with headers', value: ((after.uplink - before.uplink) * 8) / 1000 / seconds, unit: 'kbit/s', budget: { bound: 'at most', value: 0.25 } },
    { what: 'CPU of the idle agent', value: share('agent'), unit: '% of a core', budget: { bound: 'at most', value: 1 } },
    { what: 'CPU of the idle control plane', value: share('server') + share('nats-server'), unit: '% of a core' },
    { what: 'CPU of the idle proxy', value: share('proxy'), unit: '% of a core' },
  ];
}
