import { describe, expect, it } from 'vitest';
import type { KubernetesObject, WatchEvent } from '../../api/meta.ts';
import { configMaps } from '../../api/resources.ts';
import { FakeClock } from '../../machinery/testing/fake-clock.ts';
import type { Negotiated } from './negotiation.ts';
import type { ObjectForm } from './responses.ts';
import { createWatchEncoder } from './watch-encoder.ts';

const object: KubernetesObject = Object.freeze({ metadata: { name: 'a', resourceVersion: '7', creationTimestamp: '2026-01-01T00:00:00Z' } });
const added: WatchEvent = { type: 'ADDED', object };

function encoder(negotiated: Pick<Negotiated<ObjectForm>, 'encoding' | 'form'>, clock = new FakeClock()) {
  return createWatchEncoder({ resource: configMaps, negotiated: { version: negotiated.form === 'object' ? '' : 'v1', ...negotiated }, includeObject: 'None', clock });
}

describe('createWatchEncoder', () => {
  it.each([
    ['json', 'object'], ['json', 'metadata'], ['protobuf', 'object'], ['protobuf', 'metadata'],
  ] as const)('encodes an event as %s %s once for all who watch', (encoding, form) => {
    const first = encoder({ encoding, form })(added);
    expect(encoder({ encoding, form })(added)).toBe(first);
    expect(encoder({ encoding, form })({ type: 'DELETED', object })).not.toBe(first);
  });

  it('shares Tables behind the first, within a second', async () => {
    const clock = new FakeClock();
    const [one, other] = [encoder({ encoding: 'json', form: 'table' }, clock), encoder({ encoding: 'json', form: 'table' }, clock)];
    expect(one(added).toString()).toContain('"columnDefinitions":[{"name":"Name"');
    other(added);
    const second = one(added);
    expect(second.toString()).toContain('"columnDefinitions":null,"rows":[{"cells":["a",0,"0s"],"object":null}]');
    expect(other(added)).toBe(second);
    await clock.advance(5000);
    expect(one(added).toString()).toContain('"5s"');
  });

  it('tells errors and bookmarks in each form', () => {
    const error: WatchEvent = { type: 'ERROR', object: { kind: 'Status', apiVersion: 'v1', code: 410, reason: 'Expired' } };
    const bookmark: WatchEvent = { type: 'BOOKMARK', object: { metadata: { resourceVersion: '9' } } };
    expect(JSON.parse(encoder({ encoding: 'json', form: 'table' })(error).toString())).toEqual(error);
    const frame = encoder({ encoding: 'protobuf', form: 'object' })(error);
    expect(frame.subarray(4, 11).toString('latin1')).toBe('\n\x05ERROR');
    expect(frame.includes('Expired')).toBe(true);
    expect(JSON.parse(encoder({ encoding: 'json', form: 'metadata' })(bookmark).toString())).toMatchObject({ type: 'BOOKMARK', object: { kind: 'PartialObjectMetadata', metadata: { resourceVersion: '9' } } });
    expect(JSON.parse(encoder({ encoding: 'json', form: 'object' })(bookmark).toString())).toEqual({ type: 'BOOKMARK', object: { kind: 'ConfigMap', apiVersion: 'v1', metadata: { resourceVersion: '9' } } });
    expect(JSON.parse(encoder({ encoding: 'json', form: 'table' })(bookmark).toString())).toMatchObject({ type: 'BOOKMARK', object: { kind: 'Table', metadata: { resourceVersion: '9' }, rows: [] } });
  });
});
