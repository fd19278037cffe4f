/** What pods are told of the board they run on. Functions, because addresses and allocatable may change. */
import type { DownwardFacts } from './environment/downward-fields.ts';

export interface BoardFacts {
  nodeName: string;
  hostIPs(): readonly string[];
  /** Resource name → quantity, as in Node.status.allocatable. */
  allocatable(): Readonly<Record<string, string>>;
  memoryBytes: number;
}

export function downwardFacts(facts: BoardFacts, podIPs: readonly string[]): DownwardFacts {
  return { nodeName: facts.nodeName, hostIPs: facts.hostIPs(), podIPs, allocatable: facts.allocatable() };
}
