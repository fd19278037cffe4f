import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { allocateBlock, parseCidr, parseClusterRange } from './cidr-allocation.ts';

describe('parseClusterRange', () => {
  it('ignores bits below the prefix', () => {
    expect(parseClusterRange('198.19.7.9/16', 24)).toEqual({ ...parseCidr('198.19.0.0/16'), nodePrefix: 24 });
  });

  it.each([['198.19.0.0', 24], ['198.19.0.256/16', 24], ['fd00::/64', 80], ['198.19.0.0/24', 16], ['198.19.0.0/16', 31], ['198.19.0.0/33', 33]])('refuses %s with /%i', (cidr, prefix) => {
    expect(() => parseClusterRange(cidr, prefix)).toThrow(RangeError);
  });
});

describe('allocateBlock', () => {
  const range = parseClusterRange('198.19.0.0/22', 24);

  it.each([
    { name: 'the first', used: [], want: '198.19.0.0/24' },
    { name: 'the lowest that is free', used: ['198.19.0.0/24', '198.19.2.0/24'], want: '198.19.1.0/24' },
    { name: 'not one that a bigger block covers', used: ['198.19.0.0/23'], want: '198.19.2.0/24' },
    { name: 'nor one that a smaller block touches', used: ['198.19.0.64/26'], want: '198.19.1.0/24' },
    { name: 'blocks elsewhere do not matter', used: ['10.0.0.0/24', '198.19.8.0/24', 'fd00::/64'], want: '198.19.0.0/24' },
    { name: 'none is left', used: ['198.19.0.0/22'], want: undefined },
  ])('$name', ({ used, want }) => {
    expect(allocateBlock(range, used)).toBe(want);
  });

  it('hands out every block once, whatever was given back in between', () => {
    fc.assert(fc.property(fc.array(fc.option(fc.nat(20)), { maxLength: 60 }), (actions) => {
      const wide = parseClusterRange('198.19.0.0/20', 24);
      const used: string[] = [];
      for (const giveBack of actions) {
        if (giveBack !== null) used.splice(giveBack, 1);
        else {
          const block = allocateBlock(wide, used);
          expect(block === undefined).toBe(used.length === 16);
          if (block) used.push(block);
        }
        expect(new Set(used).size).toBe(used.length);
      }
    }));
  });
});
