/** Random commits, reads and watches, compared with a store so simple that it is obviously right. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ConfigMap } from '../../../api/core.ts';
import type { KubernetesObject } from '../../../api/meta.ts';
import { KeyConflictError, RevisionExpiredError, type Mutation, type Revision, type Storage, type StorageEvent } from '../storage.ts';
import { configMapKey, makeConfigMap } from './make-config-map.ts';
import { RecordingWatcher } from './recording-watcher.ts';
import type { StorageUnderTest } from './storage-contract.ts';

const keys = ['a', 'b', 'c', 'd'].flatMap((name) => ['default', 'other'].map((namespace) => configMapKey(name, namespace)));
const prefixes = ['', 'core/configmaps/', 'core/configmaps/default/', 'core/configmaps/other/', 'core/secrets/'];

interface WantedMutation {
  key: number;
  delete: boolean;
  durable: boolean;
  /** The expectation is wrong on purpose. */
  stale: boolean;
}

const wantedMutation = fc.record({
  key: fc.nat({ max: keys.length - 1 }),
  delete: fc.boolean(),
  durable: fc.boolean(),
  stale: fc.nat({ max: 5 }).map((value) => value === 0),
});

const step = fc.oneof(
  // Commits made in one go, not waiting for each other.
  { weight: 6, arbitrary: fc.record({ do: fc.constant('commit' as const), commits: fc.array(fc.array(wantedMutation, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 3 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('list' as const), prefix: fc.nat({ max: prefixes.length - 1 }), back: fc.nat({ max: 12 }), after: fc.option(fc.nat({ max: keys.length - 1 })), limit: fc.option(fc.integer({ min: 1, max: 4 })) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('watch' as const), prefix: fc.nat({ max: prefixes.length - 1 }), back: fc.nat({ max: 12 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('reopen' as const) }) },
);

/** Every state there ever was. */
class Model {
  states: { revision: Revision; objects: Map<string, KubernetesObject> }[];
  durable = new Map<string, KubernetesObject>();

  constructor(revision: Revision) {
    this.states = [{ revision, objects: new Map() }];
  }

  get now() {
    return this.states.at(-1)!;
  }

  apply(mutation: Mutation, revision: Revision): void {
    const objects = new Map(this.now.objects);
    if (mutation.object) {
      const object = { ...mutation.object, metadata: { ...mutation.object.metadata, resourceVersion: String(revision) } };
      objects.set(mutation.key, object);
      if (mutation.durable) this.durable.set(mutation.key, object);
    } else {
      objects.delete(mutation.key);
      this.durable.delete(mutation.key);
    }
    this.states.push({ revision, objects });
  }

  at(revision: Revision): Map<string, KubernetesObject> {
    return this.states.findLast((state) => state.revision <= revision)!.objects;
  }

  /** The events after a revision, from comparing neighbouring states. */
  events(prefix: string, since: Revision): Pick<StorageEvent, 'type' | 'key' | 'revision'>[] {
    const found: Pick<StorageEvent, 'type' | 'key' | 'revision'>[] = [];
    this.states.forEach(({ revision, objects }, index) => {
      const before = this.states[index - 1]?.objects;
      if (!before || revision <= since) return;
      for (const key of keys) {
        if (before.get(key) === objects.get(key) || !key.startsWith(prefix)) continue;
        found.push({ type: objects.has(key) ? 'put' : 'delete', key, revision });
      }
    });
    return found;
  }

  restart(revision: Revision): void {
    this.states = [{ revision, objects: new Map(this.durable) }];
  }
}

interface Watching {
  prefix: string;
  since: Revision;
  watcher: RecordingWatcher;
}

class Comparison {
  private readonly subject: StorageUnderTest;
  private store: Storage;
  private readonly model: Model;
  private watching: Watching[] = [];
  /** Sees everything. */
  private witness = new RecordingWatcher();
  private serial = 0;

  constructor(subject: StorageUnderTest) {
    this.subject = subject;
    this.store = subject.store;
    this.model = new Model(this.store.revision);
    this.store.watch('', this.store.revision, this.witness);
  }

  async commit(commits: WantedMutation[][]): Promise<void> {
    const built = commits.map((wanted) => this.build(wanted));
    const outcomes = await Promise.allSettled(built.map((mutations) => this.store.commit(mutations)));
    for (const [index, mutations] of built.entries()) {
      const outcome = outcomes[index]!;
      if (!mutations.every(({ key, expected }) => this.revisionOf(key) === expected)) {
        expect(outcome).toMatchObject({ status: 'rejected', reason: expect.any(KeyConflictError) });
        continue;
      }
      if (outcome.status === 'rejected') throw outcome.reason;
      expect(outcome.value.map((stored) => stored?.key)).toEqual(mutations.map(({ key, object }) => object && key));
      for (const [at, mutation] of mutations.entries()) {
        const revision = outcome.value[at]?.revision ?? this.revisionOfDeletion(mutation.key);
        expect(revision).toBeGreaterThan(this.model.now.revision);
        this.model.apply(mutation, revision);
      }
    }
    this.compare();
  }

  list(prefix: string, back: number, after: string | undefined, limit: number | undefined): void {
    const state = this.model.states.at(Math.max(-this.model.states.length, -1 - back))!;
    const at = back === 0 ? undefined : state.revision;
    const expected = [...this.model.at(at ?? this.store.revision)].filter(([key]) => key.startsWith(prefix) && (after === undefined || key > after)).sort(([a], [b]) => (a < b ? -1 : 1));
    let page;
    try {
      page = this.store.list(prefix, { ...(at === undefined ? {} : { at }), ...(after ? { after } : {}), ...(limit ? { limit } : {}) });
    } catch (error) {
      expect(error).toBeInstanceOf(RevisionExpiredError);
      expect(at).toBeLessThan((error as RevisionExpiredError).oldest);
      return;
    }
    expect(page.items.map(({ key, object }) => [key, object])).toEqual(expected.slice(0, limit));
    expect(page.items.map(({ revision }) => String(revision))).toEqual(page.items.map(({ object }) => object.metadata!.resourceVersion));
    expect(page.remaining).toBe(Math.max(0, expected.length - (limit ?? expected.length)));
  }

  watch(prefix: string, back: number): void {
    const since = this.model.states.at(Math.max(-this.model.states.length, -1 - back))!.revision;
    const watcher = new RecordingWatcher();
    try {
      this.store.watch(prefix, since, watcher);
    } catch (error) {
      expect(error).toBeInstanceOf(RevisionExpiredError);
      return;
    }
    this.watching.push({ prefix, since, watcher });
    this.compare();
  }

  async reopen(): Promise<void> {
    if (!this.subject.reopen) return;
    const before = this.store.revision;
    this.store = await this.subject.reopen();
    expect(this.store.revision).toBeGreaterThanOrEqual(before);
    this.model.restart(this.store.revision);
    this.watching = [];
    this.witness = new RecordingWatcher();
    this.store.watch('', this.store.revision, this.witness);
    this.compare();
  }

  private build(wanted: WantedMutation[]): Mutation[] {
    const unique = new Map(wanted.map((one) => [keys[one.key]!, one]));
    return [...unique].map(([key, one]) => {
      const current = this.revisionOf(key);
      const [, , namespace, name] = key.split('/');
      const object = one.delete && current > 0 ? undefined : makeConfigMap(name!, String(this.serial += 1), namespace);
      return { key, expected: one.stale ? current + 1_000_000_000 : current, object, durable: one.durable };
    });
  }

  private revisionOf(key: string): Revision {
    return Number(this.model.now.objects.get(key)?.metadata?.resourceVersion ?? 0);
  }

  /** A commit does not say it, a watcher does. */
  private revisionOfDeletion(key: string): Revision {
    return this.witness.all.find((event) => event.type === 'delete' && event.key === key && event.revision > this.model.now.revision)!.revision;
  }

  private compare(): void {
    const present = this.store.list('').items.map(({ key, object }) => [key, object]);
    expect(new Map(present as [string, KubernetesObject][])).toEqual(this.model.now.objects);
    for (const key of keys) expect(this.store.get(key)?.object).toEqual(this.model.now.objects.get(key));
    for (const { prefix, since, watcher } of this.watching) {
      const seen = watcher.all.map(({ type, key, revision }) => ({ type, key, revision }));
      expect(seen).toEqual(this.model.events(prefix, since));
      for (const event of watcher.all) {
        expect(event.object.metadata!.resourceVersion).toBe(String(event.revision));
        expect((event.previous as ConfigMap | undefined)?.data).toEqual((this.model.at(event.revision - 1).get(event.key) as ConfigMap | undefined)?.data);
      }
    }
  }
}

/** @param open as in storageContract. */
export function storageModelTest(open: () => Promise<StorageUnderTest>, runs = 60): void {
  test('property: behaves as a plain map with a list of its states', async () => {
    await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
      const subject = await open();
      try {
        const comparison = new Comparison(subject);
        for (const action of steps) {
          switch (action.do) {
            case 'commit': await comparison.commit(action.commits); break;
            case 'list': comparison.list(prefixes[action.prefix]!, action.back, action.after === null ? undefined : keys[action.after], action.limit ?? undefined); break;
            case 'watch': comparison.watch(prefixes[action.prefix]!, action.back); break;
            case 'reopen': await comparison.reopen(); break;
          }
        }
      } finally {
        await subject.dispose();
      }
    }), { numRuns: runs });
  }, 60_000);
}
