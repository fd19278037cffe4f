/** Round robin over the backends of one portal, with optional client affinity. */
import type { Clock } from '../../machinery/clock.ts';
import type { Backend } from '../service-plan.ts';

/** Clients remembered for affinity; the longest unused goes first. */
const affinityLimit = 10_000;

export class LoadBalancer {
  private backends: readonly Backend[];
  private affinitySeconds: number | undefined;
  private next = 0;
  private readonly affinity = new Map<string, { backend: Backend; lastUsed: number }>();
  private readonly clock: Clock;

  constructor(options: { backends: readonly Backend[]; affinitySeconds: number | undefined; clock: Clock }) {
    this.backends = options.backends;
    this.affinitySeconds = options.affinitySeconds;
    this.clock = options.clock;
  }

  /** New backends take part at once; the turn goes on where it was. */
  update(backends: readonly Backend[], affinitySeconds: number | undefined): void {
    this.backends = backends;
    this.affinitySeconds = affinitySeconds;
    const current = new Set(backends.map(backendKey));
    for (const [client, entry] of this.affinity) {
      if (affinitySeconds === undefined || !current.has(backendKey(entry.backend))) this.affinity.delete(client);
    }
  }

  /**
   * The backends to try for a new connection, best first: each once.
   * @param client its address, for affinity.
   */
  *candidates(client: string): Generator<Backend> {
    const backends = this.backends;
    const first = this.remembered(client);
    if (first) {
      this.remember(client, first);
      yield first;
    }
    const start = this.next;
    this.next = (this.next + 1) % Math.max(1, backends.length);
    for (let offset = 0; offset < backends.length; offset++) {
      const backend = backends[(start + offset) % backends.length]!;
      if (backend === first) continue;
      this.remember(client, backend);
      yield backend;
    }
  }

  private remembered(client: string): Backend | undefined {
    if (this.affinitySeconds === undefined) return undefined;
    const entry = this.affinity.get(client);
    if (!entry || this.clock.monotonic() - entry.lastUsed > this.affinitySeconds * 1000) return undefined;
    return this.backends.find((backend) => backendKey(backend) === backendKey(entry.backend));
  }

  private remember(client: string, backend: Backend): void {
    if (this.affinitySeconds === undefined) return;
    this.affinity.delete(client);
    this.affinity.set(client, { backend, lastUsed: this.clock.monotonic() });
    if (this.affinity.size > affinityLimit) this.affinity.delete(this.affinity.keys().next().value!);
  }
}

export function backendKey(backend: Backend): string {
  return `${backend.ip}:${backend.port}`;
}
