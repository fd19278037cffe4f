/**
 * The conversations of UDP clients with their backends, of all portals together. Each costs a socket, so their number is
 * bounded for the whole board: a flood from many addresses takes the place of the longest silent, and nothing else.
 */
import { createSocket, type Socket } from 'node:dgram';
import type { Clock, Timer } from '../../machinery/clock.ts';
import type { Backend } from '../service-plan.ts';

const idleMs = 30_000;
const defaultLimit = 2_048;
/** Datagrams of one client kept until its socket is connected. */
const waitingLimit = 16;

export class UdpFlow {
  readonly backend: Backend;
  lastUsed = 0;
  private readonly socket: Socket;
  /** Undefined once connected. */
  private waiting: Buffer[] | undefined = [];
  private closed = false;

  /** @param onFailed the backend refuses, or the socket cannot be made; the flow is of no more use. */
  constructor(options: { backend: Backend; onReply: (reply: Buffer) => void; onFailed: () => void }) {
    this.backend = options.backend;
    this.socket = createSocket('udp4');
    this.socket.on('message', options.onReply);
    this.socket.on('error', options.onFailed);
    // Connected: hears its backend alone, and is told when nobody listens there.
    this.socket.connect(options.backend.port, options.backend.ip, (failure?: Error) => {
      if (failure) options.onFailed();
      else this.flush();
    });
  }

  send(datagram: Buffer): void {
    if (this.waiting) {
      if (this.waiting.length < waitingLimit) this.waiting.push(datagram);
      return;
    }
    // Without a callback a failure is an 'error' event.
    this.socket.send(datagram);
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.socket.close();
  }

  private flush(): void {
    if (this.closed) return;
    const waiting = this.waiting ?? [];
    this.waiting = undefined;
    for (const datagram of waiting) this.socket.send(datagram);
  }
}

export class UdpFlows {
  /** The longest silent first: whoever speaks or is answered goes to the end. */
  private readonly flows = new Map<string, UdpFlow>();
  private sweep: Timer | undefined;
  private readonly clock: Clock;
  private readonly limit: number;

  constructor(options: { clock: Clock; limit?: number }) {
    this.clock = options.clock;
    this.limit = options.limit ?? defaultLimit;
  }

  get size(): number {
    return this.flows.size;
  }

  /** @returns the flow, which counts as used now. */
  use(key: string): UdpFlow | undefined {
    const flow = this.flows.get(key);
    if (!flow) return undefined;
    this.flows.delete(key);
    this.flows.set(key, flow);
    flow.lastUsed = this.clock.monotonic();
    return flow;
  }

  add(key: string, flow: UdpFlow): void {
    for (const oldest of this.flows.keys()) {
      if (this.flows.size < this.limit) break;
      this.drop(oldest);
    }
    flow.lastUsed = this.clock.monotonic();
    this.flows.set(key, flow);
    this.sweep ??= this.clock.after(idleMs, () => this.dropIdle());
  }

  drop(key: string): void {
    this.flows.get(key)?.close();
    this.flows.delete(key);
    if (this.flows.size > 0) return;
    this.sweep?.cancel();
    this.sweep = undefined;
  }

  /** Drops the flows whose key begins so and that are not to stay. */
  dropUnder(prefix: string, stays: (flow: UdpFlow) => boolean = () => false): void {
    for (const [key, flow] of this.flows) if (key.startsWith(prefix) && !stays(flow)) this.drop(key);
  }

  private dropIdle(): void {
    this.sweep = undefined;
    const now = this.clock.monotonic();
    for (const [key, flow] of this.flows) {
      if (now - flow.lastUsed < idleMs) break;
      this.drop(key);
    }
    if (this.flows.size > 0) this.sweep = this.clock.after(idleMs, () => this.dropIdle());
  }
}
