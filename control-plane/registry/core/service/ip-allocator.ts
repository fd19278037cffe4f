/** ClusterIPs out of the service range. The network's own address and its broadcast address are never given out. */
import type { Randomness } from '../../randomness.ts';
import { AllocationError, lowerBandOf, RangeAllocator } from './range-allocator.ts';

export class IpAllocator {
  private readonly cidr: string;
  private readonly first: number;
  private readonly size: number;
  private readonly range: RangeAllocator;
  /** Address → the one Service (`namespace/name`) that may have it. */
  private readonly reserved: ReadonlyMap<string, string>;

  /** @throws RangeError when the range is no IPv4 range of at least two addresses. */
  constructor(options: { cidr: string; random: Randomness; reserved?: ReadonlyMap<string, string> }) {
    const { base, count } = parseRange(options.cidr);
    this.cidr = options.cidr;
    this.first = base + 1;
    this.size = count - 2;
    this.reserved = options.reserved ?? defaultReservations(this.first, this.size);
    this.range = new RangeAllocator({
      size: this.size, random: options.random, lowerBand: lowerBandOf(count, { minimum: 16, maximum: 256, denominator: 16 }),
    });
    for (const address of this.reserved.keys()) this.range.take(this.offsetOf(address));
  }

  /** @throws AllocationError when it is not in the range or taken. */
  take(address: string, owner: string): void {
    const offset = this.offsetOf(address);
    const reservedFor = this.reserved.get(address);
    if (reservedFor === owner) return;
    if (!this.range.take(offset)) throw new AllocationError('provided IP is already allocated');
  }

  /** @throws AllocationError when all are taken. */
  takeNext(owner: string): string {
    for (const [address, reservedFor] of this.reserved) if (reservedFor === owner) return address;
    const offset = this.range.takeNext();
    if (offset === undefined) throw new AllocationError('range is full');
    return formatAddress(this.first + offset);
  }

  contains(address: string): boolean {
    const offset = parseAddress(address) - this.first;
    return offset >= 0 && offset < this.size;
  }

  release(address: string): void {
    if (this.reserved.has(address)) return;
    const offset = parseAddress(address) - this.first;
    // A Service from before the range was changed may give back what never was in this one.
    if (offset >= 0 && offset < this.size) this.range.release(offset);
  }

  private offsetOf(address: string): number {
    const offset = parseAddress(address) - this.first;
    if (Number.isNaN(offset) || offset < 0 || offset >= this.size) {
      throw new AllocationError(`provided IP is not in the valid range. The range of valid IPs is ${this.cidr}`);
    }
    return offset;
  }
}

/** The API server's own Service and the cluster's DNS have addresses that every manifest may rely on. */
function defaultReservations(first: number, size: number): ReadonlyMap<string, string> {
  const reserved = new Map([[formatAddress(first), 'default/kubernetes']]);
  if (size >= 10) reserved.set(formatAddress(first + 9), 'kube-system/kube-dns');
  return reserved;
}

function parseRange(cidr: string): { base: number; count: number } {
  const [address = '', bits = ''] = cidr.split('/');
  const base = parseAddress(address);
  const prefix = /^\d{1,2}$/.test(bits) ? Number(bits) : Number.NaN;
  if (Number.isNaN(base) || !(prefix >= 8 && prefix <= 30)) throw new RangeError(`${JSON.stringify(cidr)} is no IPv4 range between /8 and /30`);
  const count = 2 ** (32 - prefix);
  return { base: base - base % count, count };
}

/** @returns NaN when the text is no IPv4 address. */
function parseAddress(address: string): number {
  const parts = address.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255)) return Number.NaN;
  return parts.reduce((sum, part) => sum * 256 + Number(part), 0);
}

function formatAddress(number: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join('.');
}
