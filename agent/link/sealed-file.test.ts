import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seal, SealError, sealingKey, unseal } from './sealed-file.ts';

const key = sealingKey('SUABC', 'desired-state');

describe('seal', () => {
  it('gives back what was sealed, never the same twice, and shows nothing of it', () => {
    const plain = Buffer.from('password=correct horse');
    const sealed = seal(key, plain);
    expect(unseal(key, sealed)).toEqual(plain);
    expect(seal(key, plain).equals(sealed)).toBe(false);
    expect(sealed.includes('correct horse')).toBe(false);
  });

  it('cannot be opened by another board or for another purpose', () => {
    const sealed = seal(key, Buffer.from('x'));
    expect(() => unseal(sealingKey('SUXYZ', 'desired-state'), sealed)).toThrow(SealError);
    expect(() => unseal(sealingKey('SUABC', 'other'), sealed)).toThrow(SealError);
  });

  it('notices every change and every cut', () => {
    const sealed = seal(key, Buffer.from('some content'));
    fc.assert(fc.property(fc.nat(sealed.length - 1), fc.integer({ min: 1, max: 255 }), (place, flip) => {
      const damaged = Buffer.from(sealed);
      damaged[place] = damaged[place]! ^ flip;
      expect(() => unseal(key, damaged)).toThrow(SealError);
      expect(() => unseal(key, sealed.subarray(0, place))).toThrow(SealError);
    }));
  });
});
