import { beforeEach, describe, expect, it } from 'vitest';
import { parseFieldSelector } from '../../api/fields.ts';
import { parseSelector } from '../../api/parse-selector.ts';
import { configMaps, nodes, pods, secrets } from '../../api/resources.ts';
import { createMemoryStore } from '../storage/memory-store.ts';
import type { ListQuery } from './registry.ts';
import { refusal } from './testing/refusal.ts';
import { createTestRegistry } from './testing/test-registry.ts';
import type { TestRegistry } from './testing/test-registry.ts';

const all = { labelSelector: [], fieldSelector: [] };

describe('list', () => {
  let test: TestRegistry;
  beforeEach(async () => {
    test = await createTestRegistry({ namespaces: ['team'], storage: createMemoryStore({ historyEvents: 40 }) });
    for (const name of ['a', 'b', 'c', 'd', 'e']) {
      await test.registry.of(configMaps).create(test.context, 'default', { metadata: { name, labels: { vowel: String('ae'.includes(name)) } } });
    }
    await test.registry.of(configMaps).create(test.context, 'team', { metadata: { name: 'a' } });
  });
  const list = (query: Partial<ListQuery> = {}) => test.registry.of(configMaps).list({ ...all, namespace: 'default', ...query });
  const names = (query: Partial<ListQuery> = {}) => list(query).items.map((item) => item.metadata?.name).join('');

  it('is a list of the kind at the revision of the store', () => {
    expect(list()).toMatchObject({ kind: 'ConfigMapList', apiVersion: 'v1', metadata: { resourceVersion: String(test.storage.revision) } });
    expect(list().metadata).not.toHaveProperty('continue');
  });

  it('is of one namespace or of all', () => {
    expect(names()).toBe('abcde');
    expect(names({ namespace: undefined })).toBe('abcdea');
    expect(names({ namespace: 'nowhere' })).toBe('');
  });

  it('obeys label and field selectors', () => {
    expect(names({ labelSelector: parseSelector('vowel=true') })).toBe('ae');
    expect(names({ labelSelector: parseSelector('vowel notin (true)') })).toBe('bcd');
    expect(names({ fieldSelector: parseFieldSelector('metadata.name=b') })).toBe('b');
    expect(names({ fieldSelector: parseFieldSelector('metadata.name!=b') })).toBe('acde');
    expect(names({ namespace: undefined, fieldSelector: parseFieldSelector('metadata.namespace=team,metadata.name=a') })).toBe('a');
    expect(names({ fieldSelector: parseFieldSelector('metadata.name=b,metadata.name=c') })).toBe('');
  });

  it('knows the fields of the kind and refuses others', async () => {
    await test.registry.of(secrets).create(test.context, 'default', { metadata: { name: 's' }, type: 'example.com/x' });
    expect(test.registry.of(secrets).list({ ...all, fieldSelector: parseFieldSelector('type=example.com/x') }).items).toHaveLength(1);
    await test.registry.of(nodes).create(test.context, undefined, { metadata: { name: 'pi-1' } });
    expect(test.registry.of(nodes).list({ ...all, fieldSelector: parseFieldSelector('spec.unschedulable=false,metadata.name=pi-1') }).items).toHaveLength(1);
    await test.registry.of(pods).create(test.context, 'default', { metadata: { name: 'p' }, spec: { containers: [{ name: 'main', image: 'busybox' }] } });
    expect(test.registry.of(pods).list({ ...all, fieldSelector: parseFieldSelector('spec.nodeName=,status.phase!=Running') }).items).toHaveLength(1);
    const error = await refusal(() => test.registry.of(configMaps).list({ ...all, labelSelector: parseSelector('a=b'), fieldSelector: parseFieldSelector('data.key=x') }));
    expect([error.code, error.message]).toEqual([400, '"data.key" is not a known field selector: only "metadata.name", "metadata.namespace"']);
  });

  it('comes in pages of one snapshot', async () => {
    const first = list({ limit: 2 });
    expect(first.items.map((item) => item.metadata?.name)).toEqual(['a', 'b']);
    expect(first.metadata.remainingItemCount).toBe(3);
    await test.registry.of(configMaps).create(test.context, 'default', { metadata: { name: 'bb' } });
    await test.registry.of(configMaps).delete(test.context, 'd', 'default', {});
    const second = list({ limit: 2, continue: first.metadata.continue });
    expect(second.items.map((item) => item.metadata?.name)).toEqual(['c', 'd']);
    expect(second.metadata.resourceVersion).toBe(first.metadata.resourceVersion);
    const third = list({ limit: 2, continue: second.metadata.continue });
    expect(third.items.map((item) => item.metadata?.name)).toEqual(['e']);
    expect(third.metadata).toEqual({ resourceVersion: first.metadata.resourceVersion });
  });

  it('comes in full pages also where a selector leaves most out', () => {
    const first = list({ limit: 1, labelSelector: parseSelector('vowel=true') });
    expect(first.items.map((item) => item.metadata?.name)).toEqual(['a']);
    expect(first.metadata.remainingItemCount).toBeUndefined();
    const second = list({ limit: 1, labelSelector: parseSelector('vowel=true'), continue: first.metadata.continue });
    expect(second.items.map((item) => item.metadata?.name)).toEqual(['e']);
    expect(second.metadata.continue).toBeUndefined();
  });

  it('answers 410 when the snapshot is gone, with a token that goes on without it', async () => {
    const first = list({ limit: 2 });
    for (let count = 0; count < 100; count++) {
      await test.client.resource(configMaps).modify('e', 'default', (copy) => ({ ...copy, data: { count: String(count) } }));
    }
    const error = await refusal(() => list({ limit: 2, continue: first.metadata.continue }));
    expect([error.code, error.reason]).toEqual([410, 'Expired']);
    const second = list({ limit: 2, continue: error.status.metadata?.continue });
    expect(second.items.map((item) => item.metadata?.name)).toEqual(['c', 'd']);
    expect(names({ continue: second.metadata.continue })).toBe('e');
    expect((await refusal(() => list({ resourceVersion: first.metadata.resourceVersion, resourceVersionMatch: 'Exact' }))).code).toBe(410);
  });

  it('reads the past exactly when asked to', async () => {
    const before = list().metadata.resourceVersion;
    await test.registry.of(configMaps).delete(test.context, 'a', 'default', {});
    expect(names({ resourceVersion: before, resourceVersionMatch: 'Exact' })).toBe('abcde');
    expect(names({ resourceVersion: before, resourceVersionMatch: 'NotOlderThan' })).toBe('bcde');
    expect(names({ resourceVersion: before })).toBe('bcde');
    expect(names({ resourceVersion: '0' })).toBe('bcde');
    expect(names({ resourceVersion: before, limit: 1 })).toBe('a');
  });

  it.each<[string, Partial<ListQuery>, number, string]>([
    ['a version from the future', { resourceVersion: '99999999' }, 504, 'Too large resource version: 99999999, current: '],
    ['a version that is none', { resourceVersion: 'x' }, 400, 'invalid syntax'],
    ['a match without a version', { resourceVersionMatch: 'Exact' }, 400, 'resourceVersionMatch is forbidden unless resourceVersion is provided'],
    ['an exact match of any version', { resourceVersion: '0', resourceVersionMatch: 'Exact' }, 400, 'is forbidden for resourceVersion "0"'],
    ['a broken token', { continue: 'x' }, 400, 'continue key is not valid'],
    ['a token of another server', { continue: Buffer.from('{"v":"x"}').toString('base64url') }, 400, 'server does not recognize this encoded version'],
  ])('refuses %s', async (_, query, code, message) => {
    const error = await refusal(() => list(query));
    expect(error.code).toBe(code);
    expect(error.message).toContain(message);
  });

  it('refuses a version beside a token', async () => {
    const token = list({ limit: 1 }).metadata.continue;
    expect((await refusal(() => list({ continue: token, resourceVersion: '5' }))).message).toBe('specifying resource version is not allowed when using continue');
  });
});
