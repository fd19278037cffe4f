import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../machinery/testing/fake-clock.ts';
import { backendKey, LoadBalancer } from './load-balancer.ts';

const backends = (...numbers: number[]) => numbers.map((number) => ({ ip: `198.18.0.${number}`, port: 80 }));
function firstOf(balancer: LoadBalancer, client = '203.0.113.1'): string | undefined {
  for (const backend of balancer.candidates(client)) return backend.ip;
  return undefined;
}

describe('LoadBalancer', () => {
  it('takes the backends in turn', () => {
    const balancer = new LoadBalancer({ backends: backends(1, 2, 3), affinitySeconds: undefined, clock: new FakeClock() });
    expect([1, 2, 3, 4].map(() => firstOf(balancer))).toEqual(['198.18.0.1', '198.18.0.2', '198.18.0.3', '198.18.0.1']);
  });

  it('offers the others, each once, when the first refuses', () => {
    const balancer = new LoadBalancer({ backends: backends(1, 2, 3), affinitySeconds: undefined, clock: new FakeClock() });
    firstOf(balancer);
    expect([...balancer.candidates('203.0.113.1')].map(({ ip }) => ip)).toEqual(['198.18.0.2', '198.18.0.3', '198.18.0.1']);
  });

  it('offers nothing without backends', () => {
    const balancer = new LoadBalancer({ backends: [], affinitySeconds: undefined, clock: new FakeClock() });
    expect([...balancer.candidates('203.0.113.1')]).toEqual([]);
  });

  it('shares fairly: over any number of turns, no backend is more than one ahead', () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 200 }), (size, turns) => {
      const balancer = new LoadBalancer({ backends: backends(...Array.from({ length: size }, (_, index) => index)), affinitySeconds: undefined, clock: new FakeClock() });
      const counts = new Map<string, number>();
      for (let turn = 0; turn < turns; turn++) {
        const ip = firstOf(balancer)!;
        counts.set(ip, (counts.get(ip) ?? 0) + 1);
      }
      const all = Array.from({ length: size }, (_, index) => counts.get(`198.18.0.${index}`) ?? 0);
      expect(Math.max(...all) - Math.min(...all)).toBeLessThanOrEqual(1);
    }));
  });

  it('never offers a backend that is not there (any more), nor one twice, whatever changes between', () => {
    const change = fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 9 });
    fc.assert(fc.property(fc.array(change, { maxLength: 30 }), fc.boolean(), (changes, sticky) => {
      const balancer = new LoadBalancer({ backends: backends(1), affinitySeconds: sticky ? 60 : undefined, clock: new FakeClock() });
      for (const numbers of changes) {
        const current = backends(...new Set(numbers));
        balancer.update(current, sticky ? 60 : undefined);
        const offered = [...balancer.candidates('203.0.113.1')].map(backendKey);
        expect([...offered].sort()).toEqual(current.map(backendKey).sort());
      }
    }));
  });

  it('keeps a client on its backend for the affinity time since its last connection', async () => {
    const clock = new FakeClock();
    const balancer = new LoadBalancer({ backends: backends(1, 2, 3), affinitySeconds: 60, clock });
    const first = firstOf(balancer, '203.0.113.7');
    firstOf(balancer, '203.0.113.8');
    await clock.advance(59_000);
    expect(firstOf(balancer, '203.0.113.7')).toBe(first);
    await clock.advance(59_000);
    expect(firstOf(balancer, '203.0.113.7')).toBe(first);
    await clock.advance(61_000);
    const later = [firstOf(balancer, '203.0.113.7')];
    expect(later[0]).not.toBe(first);
  });

  it('moves a client whose backend is gone and keeps it on the new one', () => {
    const balancer = new LoadBalancer({ backends: backends(1, 2), affinitySeconds: 60, clock: new FakeClock() });
    const first = firstOf(balancer);
    balancer.update(backends(...[1, 2].filter((number) => `198.18.0.${number}` !== first), 3), 60);
    const second = firstOf(balancer);
    expect(second).not.toBe(first);
    expect(firstOf(balancer)).toBe(second);
  });
});
