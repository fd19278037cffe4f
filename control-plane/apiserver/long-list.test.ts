import { parse } from 'yaml';
import { describe, expect, it } from 'vitest';
import type { KubernetesObject } from '../../api/meta.ts';
import { pods, type Resource } from '../../api/resources.ts';
import { deepFreeze } from '../storage/deep-freeze.ts';
import { encodeLongList, type LongListOptions } from './long-list.ts';
import { encodeMetadataList, encodeObjectList } from './object-encoder.ts';
import { encodeTable } from './printers/table.ts';

const now = Date.parse('2026-11-21T12:00:00Z');
const metadata = { resourceVersion: '7', continue: 'x', remainingItemCount: 3 };
const items = Array.from({ length: 50 }, (_, index) => {
  const pod: KubernetesObject & Record<string, unknown> = {
    metadata: { name: `pod-${index}`, namespace: 'default', creationTimestamp: '2026-11-21T11:00:00Z', annotations: { text: 'on "yes"\n\u00e4' } },
    spec: { containers: [{ name: 'main', image: 'example/main:1' }] }, status: { phase: 'Running' },
  };
  deepFreeze(pod);
  return pod;
});

const many = Array.from({ length: 1_500 }, (_, index) => items[index % items.length]!);

const options: LongListOptions = {
  resource: pods, list: { metadata, items }, form: 'object', version: '', layout: 'json', includeObject: 'Metadata',
  clock: { now: () => now, monotonic: () => 0 },
};

async function collect(changes: Partial<LongListOptions>): Promise<{ bytes: Buffer; pieces: number }> {
  const pieces: Buffer[] = [];
  for await (const piece of encodeLongList({ ...options, ...changes })) pieces.push(piece);
  return { bytes: Buffer.concat(pieces), pieces: pieces.length };
}

/** Comparing buffers takes seconds. */
function text({ bytes }: { bytes: Buffer }): string {
  return bytes.toString('latin1');
}

describe('a long list', () => {
  it('is what a short one is, in every form', async () => {
    expect(text(await collect({}))).toBe(text({ bytes: encodeObjectList(pods, metadata, items, false) }));
    expect(text(await collect({ layout: 'protobuf' }))).toBe(text({ bytes: encodeObjectList(pods, metadata, items, true) }));
    const version = 'v1';
    expect(text(await collect({ form: 'metadataList', version }))).toBe(text({ bytes: encodeMetadataList(metadata, items, version, false) }));
    expect(text(await collect({ form: 'metadataList', version, layout: 'protobuf' }))).toBe(text({ bytes: encodeMetadataList(metadata, items, version, true) }));
    for (const includeObject of ['None', 'Metadata', 'Object'] as const) {
      const table = encodeTable({ resource: pods, list: { metadata, items }, now, version, includeObject, columns: true });
      expect(text(await collect({ form: 'table', version, includeObject }))).toBe(text({ bytes: table }));
    }
  });

  it('is indented, or YAML, as a whole would be', async () => {
    const whole = JSON.parse(encodeObjectList(pods, metadata, items, false).toString()) as object;
    expect((await collect({ layout: 'pretty' })).bytes.toString()).toBe(`${JSON.stringify(whole, null, 2)}\n`);
    const yaml = (await collect({ layout: 'yaml' })).bytes.toString();
    expect(yaml).toContain('\nitems:\n- metadata:\n    name: pod-0\n');
    expect(parse(yaml, { maxAliasCount: 0 })).toEqual(whole);
  });

  it('custom items keep their kind', async () => {
    const resource = { ...pods, custom: { listKind: 'PodList' } } as unknown as Resource;
    expect(text(await collect({ resource }))).toBe(text({ bytes: encodeObjectList(resource, metadata, items, false) }));
  });

  it.each(['json', 'protobuf'] as const)('lets others have their turn while it is encoded as %s', async (layout) => {
    let turns = 0;
    let ended = false;
    const count = (): void => {
      turns += 1;
      if (!ended) setImmediate(count);
    };
    setImmediate(count);
    // Each look at the clock takes a millisecond: five items are a turn.
    let time = 0;
    const { pieces } = await collect({ layout, list: { metadata, items: many }, clock: { now: () => now, monotonic: () => (time += 1) } });
    ended = true;
    expect(pieces).toBeGreaterThan(3);
    expect(turns).toBeGreaterThan(many.length / 6);
  });

  it.each(['json', 'protobuf'] as const)('keeps its pieces small, and few, as %s', async (layout) => {
    const sizes: number[] = [];
    for await (const piece of encodeLongList({ ...options, layout, list: { metadata, items: many } })) sizes.push(piece.length);
    expect(Math.max(...sizes)).toBeLessThan(70_000);
    expect(sizes.length).toBeLessThan(sizes.reduce((sum, size) => sum + size, 0) / 65_536 + 4);
  });
});
