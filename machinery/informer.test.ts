import { describe, expect, test } from 'vitest';
import { newExpired, newServiceUnavailable } from '../api/errors.ts';
import type { KubernetesObject } from '../api/meta.ts';
import type { ListFilter, ResourceClient, WatchSink } from './client.ts';
import { createInformer } from './informer.ts';
import { createLogger } from './logger.ts';
import { FakeClock } from './testing/fake-clock.ts';

function makeObject(name: string, resourceVersion: number, more: { namespace?: string; uid?: string; labels?: Record<string, string> } = {}): KubernetesObject {
  const { namespace = 'default', uid = `uid-${name}`, labels } = more;
  return { metadata: { namespace, name, uid, resourceVersion: String(resourceVersion), ...(labels ? { labels } : {}) } };
}

/** Only list and watch, scripted by the test. */
class ScriptedClient implements Pick<ResourceClient<KubernetesObject>, 'list' | 'watch'> {
  items: KubernetesObject[] = [];
  listFailure: Error | undefined;
  lists: ListFilter[] = [];
  watches: { filter: ListFilter; since: string; sink: WatchSink<KubernetesObject>; stopped: boolean }[] = [];

  async list(filter: ListFilter = {}) {
    this.lists.push(filter);
    if (this.listFailure) throw this.listFailure;
    return { items: this.items, resourceVersion: String(100 + this.lists.length) };
  }

  watch(filter: ListFilter, since: string, sink: WatchSink<KubernetesObject>) {
    const watch = { filter, since, sink, stopped: false };
    this.watches.push(watch);
    return { stop: () => { watch.stopped = true; } };
  }

  send(type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK', object: KubernetesObject): void {
    this.watches.at(-1)!.sink.event({ type, object });
  }
}

function open(filter?: ListFilter) {
  const clock = new FakeClock();
  const client = new ScriptedClient();
  const lines: string[] = [];
  const logger = createLogger({ level: 'debug', write: (line) => lines.push(line.slice(25)), now: () => clock.now() });
  const informer = createInformer({ client: client as unknown as ResourceClient<KubernetesObject>, clock, logger, ...(filter ? { filter } : {}) });
  const seen: string[] = [];
  const handler = {
    added: (object: KubernetesObject) => { seen.push(`added ${object.metadata?.name}@${object.metadata?.resourceVersion}`); },
    updated: (previous: KubernetesObject, current: KubernetesObject) => {
      seen.push(`updated ${current.metadata?.name}@${previous.metadata?.resourceVersion}->${current.metadata?.resourceVersion}`);
    },
    deleted: (object: KubernetesObject) => { seen.push(`deleted ${object.metadata?.name}@${object.metadata?.resourceVersion}`); },
  };
  const abort = new AbortController();
  return { clock, client, informer, seen, handler, abort, lines };
}

describe('informer', () => {
  test('lists, then watches from there, and is synced after the first list', async () => {
    const { clock, client, informer, seen, handler, abort } = open({ namespace: 'default' });
    client.items = [makeObject('a', 1), makeObject('b', 2)];
    informer.addHandler(handler);
    let synced = false;
    void informer.synced().then(() => { synced = true; });
    await clock.advance(0);
    expect(synced).toBe(false);
    informer.start(abort.signal);
    await clock.advance(0);
    expect(synced).toBe(true);
    expect(client.watches.map(({ filter, since }) => [filter, since])).toEqual([[{ namespace: 'default' }, '101']]);
    client.send('ADDED', makeObject('c', 3));
    client.send('MODIFIED', makeObject('a', 4));
    client.send('DELETED', makeObject('b', 5));
    client.send('BOOKMARK', makeObject('', 6));
    expect(seen).toEqual(['added a@1', 'added b@2', 'added c@3', 'updated a@1->4', 'deleted b@5']);
    expect(informer.list().map((object) => object.metadata?.name).sort()).toEqual(['a', 'c']);
    expect(informer.get('default/a')?.metadata?.resourceVersion).toBe('4');
    expect(informer.get('default/b')).toBeUndefined();
  });

  test('after a break lists again and tells only what differs', async () => {
    const { clock, client, informer, seen, handler, abort, lines } = open();
    client.items = [makeObject('same', 1), makeObject('changed', 2), makeObject('gone', 3), makeObject('remade', 4, { uid: 'first' })];
    informer.addHandler(handler);
    informer.start(abort.signal);
    await clock.advance(0);
    seen.length = 0;
    client.items = [makeObject('same', 1), makeObject('changed', 7), makeObject('new', 8), makeObject('remade', 9, { uid: 'second' })];
    client.watches[0]!.sink.closed(newExpired('too old'));
    await clock.advance(100);
    expect(seen.sort()).toEqual(['added new@8', 'added remade@9', 'deleted gone@3', 'deleted remade@4', 'updated changed@2->7']);
    expect(client.watches.map(({ since }) => since)).toEqual(['101', '102']);
    expect(lines).toEqual(['debug Watch expired, listing again']);
  });

  test('takes nothing from a watch that has ended', async () => {
    const { clock, client, informer, seen, handler, abort } = open();
    informer.addHandler(handler);
    informer.start(abort.signal);
    await clock.advance(0);
    client.watches[0]!.sink.closed(new Error('broken'));
    client.watches[0]!.sink.event({ type: 'ADDED', object: makeObject('late', 3) });
    expect(seen).toEqual([]);
  });

  test('retries a failing list with growing delays and is quick again after a healthy watch', async () => {
    const { clock, client, informer, abort, lines } = open();
    client.listFailure = newServiceUnavailable('not yet');
    informer.start(abort.signal);
    await clock.advance(99);
    expect(client.lists).toHaveLength(1);
    await clock.advance(1 + 200 + 400);
    expect(client.lists).toHaveLength(4);
    expect(lines[0]).toBe('warn  List and watch failed, trying again error="not yet"');
    client.listFailure = undefined;
    await clock.advance(800);
    expect(client.watches).toHaveLength(1);
    await clock.advance(60_000);
    client.watches[0]!.sink.closed(new Error('broken'));
    await clock.advance(0);
    expect(client.watches).toHaveLength(2);
  });

  test('a handler added late first gets what is there', async () => {
    const { clock, client, informer, seen, handler, abort } = open();
    client.items = [makeObject('a', 1)];
    informer.start(abort.signal);
    await clock.advance(0);
    informer.addHandler(handler);
    expect(seen).toEqual(['added a@1']);
    client.send('MODIFIED', makeObject('a', 2));
    expect(seen).toEqual(['added a@1', 'updated a@1->2']);
  });

  test('a handler that throws is logged and stops neither the others nor the view', async () => {
    const { clock, client, informer, seen, handler, abort, lines } = open();
    client.items = [makeObject('a', 1)];
    informer.addHandler({ ...handler, added: () => { throw new Error('oops'); } });
    informer.addHandler(handler);
    informer.start(abort.signal);
    await clock.advance(0);
    expect(seen).toEqual(['added a@1']);
    expect(lines).toEqual(['error Informer handler failed error="oops"']);
  });

  test('finds objects by index and by namespace, through changes and deletions', async () => {
    const { clock, client, informer, abort } = open();
    informer.addIndex('colour', (object) => Object.values(object.metadata?.labels ?? {}));
    client.items = [
      makeObject('a', 1, { labels: { colour: 'red' } }), makeObject('b', 2, { labels: { colour: 'red' }, namespace: 'other' }), makeObject('c', 3),
    ];
    informer.start(abort.signal);
    await clock.advance(0);
    const red = () => informer.byIndex('colour', 'red').map((object) => object.metadata?.name);
    expect(red()).toEqual(['a', 'b']);
    expect(informer.list('other').map((object) => object.metadata?.name)).toEqual(['b']);
    client.send('MODIFIED', makeObject('a', 4, { labels: { colour: 'blue' } }));
    expect(red()).toEqual(['b']);
    expect(informer.byIndex('colour', 'blue').map((object) => object.metadata?.name)).toEqual(['a']);
    client.send('DELETED', makeObject('b', 5, { namespace: 'other' }));
    expect(red()).toEqual([]);
    expect(() => informer.byIndex('size', 'big')).toThrow('there is no index');
    expect(() => informer.addIndex('size', () => [])).toThrow('before the informer starts');
  });

  test('stops when the signal aborts', async () => {
    const { clock, client, informer, seen, handler, abort, lines } = open();
    informer.addHandler(handler);
    informer.start(abort.signal);
    await clock.advance(0);
    abort.abort();
    await clock.advance(60_000);
    expect(client.watches[0]!.stopped).toBe(true);
    expect(client.lists).toHaveLength(1);
    client.send('ADDED', makeObject('late', 3));
    expect(seen).toEqual([]);
    expect(lines).toEqual([]);
  });
});
