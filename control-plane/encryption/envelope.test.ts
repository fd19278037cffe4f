import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { envelopeKeyId, isEnvelope, openEnvelope, sealEnvelope } from './envelope.ts';
import { encryptionKey } from './key-ring.ts';

const key = encryptionKey(randomBytes(32));

describe('envelope', () => {
  it('opens with its key, under its name', () => {
    fc.assert(fc.property(fc.string(), fc.string({ unit: 'grapheme' }), (name, text) => {
      const envelope = sealEnvelope(key, name, text);
      expect([isEnvelope(envelope), envelopeKeyId(envelope), openEnvelope(key, name, envelope)]).toEqual([true, key.id, text]);
    }));
  });

  it('does not open under another name, with another key, or changed', () => {
    const envelope = sealEnvelope(key, 'core/secrets/a/b', 'content');
    expect(() => openEnvelope(key, 'core/secrets/a/c', envelope)).toThrow('its encrypted content does not open');
    expect(() => openEnvelope({ ...encryptionKey(randomBytes(32)), id: key.id }, 'core/secrets/a/b', envelope)).toThrow('its encrypted content does not open');
    fc.assert(fc.property(fc.integer({ min: 22, max: envelope.length - 1 }), (index) => {
      const changed = `${envelope.slice(0, index)}${envelope[index] === 'A' ? 'B' : 'A'}${envelope.slice(index + 1)}`;
      if (Buffer.from(changed.split(':').slice(2).join(), 'base64').equals(Buffer.from(envelope.split(':').slice(2).join(), 'base64'))) return;
      expect(() => openEnvelope(key, 'core/secrets/a/b', changed)).toThrow();
    }));
  });

  it('uses a new data key each time', () => {
    expect(sealEnvelope(key, 'a', 'b')).not.toBe(sealEnvelope(key, 'a', 'b'));
  });
});
