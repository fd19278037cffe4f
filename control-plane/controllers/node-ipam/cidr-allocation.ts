/** Pod CIDRs: equal blocks cut from the cluster's range, one for each board. IPv4. */

export interface ClusterRange {
  /** First address, as an unsigned 32-bit number. */
  base: number;
  /** Prefix length of the whole range. */
  prefix: number;
  /** Prefix length of one board's block. */
  nodePrefix: number;
}

/**
 * @param cidr for example `198.18.0.0/16`; bits below the prefix are ignored.
 * @throws RangeError when it is no IPv4 CIDR, or a block of nodePrefix does not fit into it.
 */
export function parseClusterRange(cidr: string, nodePrefix: number): ClusterRange {
  const parsed = parseCidr(cidr);
  if (!parsed) throw new RangeError(`"${cidr}" is no IPv4 CIDR`);
  if (!Number.isInteger(nodePrefix) || nodePrefix < parsed.prefix || nodePrefix > 30) {
    throw new RangeError(`node prefix length ${nodePrefix} must be between ${parsed.prefix} and 30`);
  }
  return { ...parsed, nodePrefix };
}

/** @returns undefined when the text is no IPv4 CIDR. */
export function parseCidr(cidr: string): { base: number; prefix: number } | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d{1,2})$/.exec(cidr);
  const numbers = match?.slice(1).map(Number) ?? [];
  const [a = 256, b = 256, c = 256, d = 256, prefix = 33] = numbers;
  if ([a, b, c, d].some((octet) => octet > 255) || prefix > 32) return undefined;
  const size = 2 ** (32 - prefix);
  const address = ((a * 256 + b) * 256 + c) * 256 + d;
  return { base: Math.floor(address / size) * size, prefix };
}

/**
 * The lowest block that overlaps none of `used`; undefined when the range is full.
 * @param used CIDRs of other boards, also such that lie outside the range or have another size. What is no IPv4 CIDR is ignored.
 */
export function allocateBlock(range: ClusterRange, used: Iterable<string>): string | undefined {
  const size = 2 ** (32 - range.nodePrefix);
  const count = 2 ** (range.nodePrefix - range.prefix);
  const taken = new Set<number>();
  for (const cidr of used) {
    const other = parseCidr(cidr);
    if (!other) continue;
    const first = Math.floor((other.base - range.base) / size);
    const last = Math.floor((other.base + 2 ** (32 - other.prefix) - 1 - range.base) / size);
    for (let block = Math.max(0, first); block <= Math.min(last, count - 1); block++) taken.add(block);
  }
  for (let block = 0; block < count; block++) if (!taken.has(block)) return `${formatAddress(range.base + block * size)}/${range.nodePrefix}`;
  return undefined;
}

function formatAddress(address: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join('.');
}
