import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { eventually } from '../../../../machinery/testing/eventually.ts';
import { patchTypes, podOf, startControlPlane, type ControlPlane, type OpenWatch } from './start-control-plane.ts';

let plane: ControlPlane;
let base: string;

beforeAll(async () => { plane = await startControlPlane(); });
afterAll(() => plane.stop());
beforeEach(async () => { base = `/api/v1/namespaces/${await plane.newNamespace()}`; });

const make = (name: string, labels: Record<string, string> = {}) => plane.ok('POST', `${base}/configmaps`, { metadata: { name, labels } });
const relabel = (name: string, labels: Record<string, string | null>) => plane.ok('PATCH', `${base}/configmaps/${name}`, { metadata: { labels } }, patchTypes.merge);
const seen = ({ events }: OpenWatch): string[] => events.map(({ type, object }) => `${type} ${object.metadata.name}`);

describe('Watchers', () => {
  it('observe a delete when an object stops matching the selector, and nothing until it matches again', async () => {
    const watch = await plane.watch(`${base}/configmaps?watch=true&labelSelector=watch%3Dyes`);
    try {
      await make('a', { watch: 'yes' });
      await relabel('a', { mutation: '1' });
      await relabel('a', { watch: 'no' });
      await relabel('a', { mutation: '2' });
      await relabel('a', { watch: 'yes' });
      await plane.ok('DELETE', `${base}/configmaps/a`);
      await eventually(() => expect(seen(watch)).toEqual(['ADDED a', 'MODIFIED a', 'DELETED a', 'ADDED a', 'DELETED a']));
      // The object that leaves is shown as it was last, at the revision of its leaving.
      const [, modified, left] = watch.events;
      expect(left!.object.metadata.labels).toEqual(modified!.object.metadata.labels);
      expect(Number(left!.object.metadata.resourceVersion)).toBeGreaterThan(Number(modified!.object.metadata.resourceVersion));
    } finally {
      watch.close();
    }
  });

  it('start after the resource version they name, and go on where another ended', async () => {
    const first = await make('a');
    await relabel('a', { mutation: '1' });
    await make('b');
    const watch = await plane.watch(`${base}/configmaps?watch=1&resourceVersion=${first.metadata.resourceVersion}`);
    await eventually(() => expect(seen(watch)).toEqual(['MODIFIED a', 'ADDED b']));
    watch.close();
    await plane.ok('DELETE', `${base}/configmaps/a`);
    const next = await plane.watch(`${base}/configmaps?watch=1&resourceVersion=${watch.events[1]!.object.metadata.resourceVersion}`);
    await eventually(() => expect(seen(next)).toEqual(['DELETED a']));
    next.close();
  });

  it('all see the same events in the same order', async () => {
    const { metadata } = await plane.ok('GET', `${base}/configmaps`);
    const watches = await Promise.all([1, 2, 3].map(() => plane.watch(`${base}/configmaps?watch=1&resourceVersion=${metadata.resourceVersion}`)));
    await Promise.all(['a', 'b', 'c', 'd'].map((name) => make(name)));
    await Promise.all(['a', 'b', 'c'].map((name) => relabel(name, { x: 'y' })));
    await plane.ok('DELETE', `${base}/configmaps/d`);
    await eventually(() => watches.every(({ events }) => events.length >= 8));
    const versions = watches.map(({ events }) => events.map(({ object }) => Number(object.metadata.resourceVersion)));
    expect(versions[1]).toEqual(versions[0]);
    expect(versions[2]).toEqual(versions[0]);
    expect(versions[0]).toEqual([...versions[0]!].sort((one, other) => one - other));
    for (const watch of watches) watch.close();
  });

  it('end after timeoutSeconds, and are told of the last revision by bookmarks', async () => {
    const watch = await plane.watch(`${base}/configmaps?watch=1&timeoutSeconds=1&allowWatchBookmarks=true`);
    await eventually(() => watch.ended());
    expect(watch.events.filter(({ type }) => type !== 'BOOKMARK' && type !== 'ADDED')).toEqual([]);
  });

  it('begin with a list and a bookmark that says so when they ask for initial events', async () => {
    await make('a');
    await make('b');
    const watch = await plane.watch(`${base}/configmaps?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true`);
    await eventually(() => expect(watch.events.at(-1)!.type).toBe('BOOKMARK'));
    expect(seen(watch).slice(0, -1).filter((event) => !event.includes('kube-root-ca'))).toEqual(['ADDED a', 'ADDED b']);
    expect(watch.events.at(-1)!.object.metadata.annotations).toEqual({ 'k8s.io/initial-events-end': 'true' });
    watch.close();
    const { code, body } = await plane.call('GET', `${base}/configmaps?watch=1&sendInitialEvents=true`);
    expect([code, body['message']]).toEqual([422, 'ListOptions.meta.k8s.io "" is invalid: resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan']);
  });

  it('follow one object by its name, and metadata alone', async () => {
    const watch = await plane.watch(`${base}/configmaps?watch=1&fieldSelector=metadata.name%3Da`);
    await make('a');
    await make('b');
    await relabel('a', { x: 'y' });
    await eventually(() => expect(seen(watch)).toEqual(['ADDED a', 'MODIFIED a']));
    watch.close();
  });
});

describe('Lists', () => {
  const names = (items: { metadata: { name: string } }[]): string[] => items.map(({ metadata }) => metadata.name);

  it('come in chunks that are one consistent list', async () => {
    const kind = `${base}/podtemplates`;
    const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'main', image: 'web:1' }] } };
    for (let index = 0; index < 7; index += 1) await plane.ok('POST', kind, { metadata: { name: `t${index}` }, template });
    const first = await plane.ok('GET', `${kind}?limit=3`);
    expect(names(first.items)).toEqual(['t0', 't1', 't2']);
    await plane.ok('DELETE', `${kind}/t4`);
    const second = await plane.ok('GET', `${kind}?limit=3&continue=${encodeURIComponent(first.metadata.continue!)}`);
    expect(second.metadata.resourceVersion).toBe(first.metadata.resourceVersion);
    expect(names(second.items)).toEqual(['t3', 't4', 't5']);
    const last = await plane.ok('GET', `${kind}?limit=3&continue=${encodeURIComponent(second.metadata.continue!)}`);
    expect(names(last.items)).toEqual(['t6']);
    expect(last.metadata.continue).toBeUndefined();
  });

  it('say how many remain, but not of a selection', async () => {
    for (const name of ['a', 'b', 'c', 'd']) await plane.ok('POST', `${base}/secrets`, { metadata: { name, labels: { x: 'y' } } });
    expect((await plane.ok('GET', `${base}/secrets?limit=3`)).metadata.remainingItemCount).toBe(1);
    const selected = await plane.ok('GET', `${base}/secrets?limit=3&labelSelector=x`);
    expect(selected.metadata.continue).toBeTruthy();
    expect(selected.metadata.remainingItemCount).toBeUndefined();
  });

  it.each([
    ['resourceVersionMatch=Exact', 400, /resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided/],
    ['resourceVersion=0&resourceVersionMatch=Exact', 400, /resourceVersionMatch: Forbidden: resourceVersionMatch "exact" is forbidden for resourceVersion "0"/],
    ['resourceVersion=1&resourceVersionMatch=Bogus', 400, /resourceVersionMatch: Unsupported value: "Bogus": supported values: "Exact", "NotOlderThan"/],
    ['continue=bogus', 400, /continue key is not valid/],
    ['resourceVersion=abc', 400, /strconv.ParseUint: parsing "abc": invalid syntax/],
    ['labelSelector=a%3D%3D%3Db', 400, /unable to parse requirement/],
    ['fieldSelector=spec.x%3Da', 400, /"spec.x" is not a known field selector: only "metadata.name", "metadata.namespace"/],
  ])('are refused with %s', async (query, code, message) => {
    const answer = await plane.call('GET', `${base}/configmaps?${query}`);
    expect([answer.code === 422 ? 400 : answer.code, answer.body['message']]).toEqual([code, expect.stringMatching(message) as string]);
  });

  it('at a revision that is not yet are refused with a way out', async () => {
    const answer = await plane.call('GET', `${base}/configmaps?resourceVersion=99999999&resourceVersionMatch=NotOlderThan`);
    expect([answer.code, answer.body['reason'], answer.body['message']]).toEqual([504, 'Timeout', expect.stringMatching(/^Timeout: Too large resource version: 99999999, current: \d+$/) as string]);
  });

  it('show a past revision exactly', async () => {
    await make('a', { exact: 'yes' });
    const { metadata } = await plane.ok('GET', `${base}/configmaps?labelSelector=exact`);
    await make('b', { exact: 'yes' });
    const exact = await plane.ok('GET', `${base}/configmaps?labelSelector=exact&resourceVersion=${metadata.resourceVersion}&resourceVersionMatch=Exact`);
    expect([names(exact.items), exact.metadata.resourceVersion]).toEqual([['a'], metadata.resourceVersion]);
  });
});

describe('Servers with support for Table transformation', () => {
  const asTable = { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' };

  it('show pods as a table', async () => {
    await plane.ok('POST', `${base}/pods`, podOf('a'));
    const table = await plane.ok('GET', `${base}/pods/a`, undefined, asTable);
    expect([table.kind, table.apiVersion]).toEqual(['Table', 'meta.k8s.io/v1']);
    expect(table['columnDefinitions'][0]).toMatchObject({ name: 'Name', type: 'string', format: 'name' });
    expect(table['rows'][0].cells[0]).toBe('a');
    expect(table['rows'][0].object).toMatchObject({ kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1' });
  });

  it('show chunks as tables', async () => {
    for (const name of ['a', 'b', 'c']) await plane.ok('POST', `${base}/secrets`, { metadata: { name } });
    const first = await plane.ok('GET', `${base}/secrets?limit=2`, undefined, asTable);
    expect([first['rows'].length, first.metadata.remainingItemCount]).toEqual([2, 1]);
    const rest = await plane.ok('GET', `${base}/secrets?limit=2&continue=${encodeURIComponent(first.metadata.continue!)}`, undefined, asTable);
    expect([rest['rows'].length, rest.metadata.continue]).toEqual([1, undefined]);
  });

  it('answer 406 to what has no table', async () => {
    const review = { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectAccessReview', spec: { resourceAttributes: { verb: 'get', resource: 'pods' } } };
    const { code, body } = await plane.call('POST', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', review, asTable);
    expect([code, body['reason']]).toEqual([406, 'NotAcceptable']);
  });

  it('answer 406 to a form nobody knows', async () => {
    expect((await plane.call('GET', `${base}/configmaps`, undefined, { accept: 'application/vnd.unknown' })).code).toBe(406);
  });

  it('show metadata alone', async () => {
    await make('a', { only: 'this' });
    const list = await plane.ok('GET', `${base}/configmaps?labelSelector=only`, undefined, { accept: 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io' });
    expect(list).toMatchObject({ kind: 'PartialObjectMetadataList', apiVersion: 'meta.k8s.io/v1', items: [{ metadata: { name: 'a' } }] });
  });
});
