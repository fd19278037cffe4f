/**
 * The way of a commit: check → queue → journal (one fsynced batch at a time, everything that came meanwhile is the next
 * one) → visible.
 *
 * INVARIANTS
 * - Checks see what is queued, not only what is visible, so two queued commits never contradict each other.
 * - Commits become visible in the order in which they were accepted, memory-only ones included.
 * - Revisions are never used twice, not even those of commits that failed.
 * - No revision becomes visible beyond the mark that the journal has, so a crash cannot bring one back.
 * - What a failed batch may have left on the disk is overwritten before anything else is written.
 */
import type { KubernetesObject } from '../../api/meta.ts';
import { deepFreeze } from './deep-freeze.ts';
import type { Journal, JournalRecord } from './journal.ts';
import { withRevision, type Change, type ObjectTable } from './object-table.ts';
import { KeyConflictError, StorageFailedError, type Mutation, type Revision, type StorageEvent, type StoredObject } from './storage.ts';

export interface CommitPipelineOptions {
  table: ObjectTable;
  journal: Journal;
  /** Called for each commit when it is visible. */
  committed: (events: readonly StorageEvent[]) => void;
  /** Revisions reserved on the disk at a time. */
  revisionBlock: number;
  /** The reservation that the journal has: no revision above it was ever visible. */
  mark: Revision;
}

interface QueuedChange extends Change {
  expected: Revision;
  /** Encoded object; undefined deletes or is memory-only. */
  record: string | undefined;
}

interface QueuedCommit {
  changes: QueuedChange[];
  done: Promise<(StoredObject | undefined)[]>;
  resolve: (result: (StoredObject | undefined)[]) => void;
  reject: (error: Error) => void;
}

/** How a key will be when everything queued is visible. */
interface Pending {
  /** 0: deleted. */
  revision: Revision;
  onDisk: boolean;
  commit: QueuedCommit;
}

export class CommitPipeline {
  private readonly table: ObjectTable;
  private readonly journal: Journal;
  private readonly committed: CommitPipelineOptions['committed'];
  private readonly revisionBlock: number;
  private mark: Revision;
  private allocated: Revision;
  private queue: QueuedCommit[] = [];
  private readonly pending = new Map<string, Pending>();
  /** Keys of a failed batch: what the disk has for them is not known until they are written again. */
  private readonly suspect = new Set<string>();
  /** Keys to be written once more, each list in a batch of its own. */
  private rewrites: { keys: readonly string[]; resolve: () => void; reject: (error: unknown) => void }[] = [];
  private writing: Promise<void> | undefined;
  private closed = false;
  /** Why the disk refused the last batch; undefined when it took it. */
  failure: StorageFailedError | undefined;

  constructor({ table, journal, committed, revisionBlock, mark }: CommitPipelineOptions) {
    this.table = table;
    this.journal = journal;
    this.committed = committed;
    this.revisionBlock = revisionBlock;
    this.mark = mark;
    this.allocated = table.revision;
  }

  /** As Storage.commit. The check and the place in the queue are settled before this returns its promise. */
  async commit(mutations: readonly Mutation[]): Promise<(StoredObject | undefined)[]> {
    for (;;) {
      if (this.closed) throw new StorageFailedError('the storage is closed', { cause: undefined });
      const conflict = mutations.find((mutation) => this.current(mutation.key) !== mutation.expected);
      if (!conflict) return this.accept(mutations);
      const before = this.pending.get(conflict.key);
      if (before) await before.commit.done.catch(() => undefined);
      const current = this.table.get(conflict.key);
      if ((current?.revision ?? 0) !== conflict.expected) throw new KeyConflictError(conflict.key, current);
    }
  }

  /** Takes no more commits and resolves when the accepted ones are settled. */
  async close(): Promise<void> {
    this.closed = true;
    while (this.writing) await this.writing;
  }

  private current(key: string): Revision {
    return (this.pending.get(key) ?? this.table.get(key))?.revision ?? 0;
  }

  private accept(mutations: readonly Mutation[]): Promise<(StoredObject | undefined)[]> {
    if (mutations.length === 0) return Promise.resolve([]);
    if (new Set(mutations.map(({ key }) => key)).size < mutations.length) throw new Error('one commit changes a key twice');
    const changes = mutations.map((mutation) => this.prepare(mutation));
    const commit = newQueuedCommit(changes);
    this.enqueue(commit);
    // A microtask later, so that commits made in one go share a batch.
    this.writing ??= Promise.resolve().then(() => this.drain());
    return commit.done;
  }

  /** @throws what JSON.stringify throws for an object that cannot be stored; nothing is queued then. */
  private prepare({ key, expected, object, durable }: Mutation): QueuedChange {
    this.allocated += 1;
    const revision = this.allocated;
    if (!object) {
      const deletesFromDisk = this.pending.get(key)?.onDisk ?? this.table.durable(key) !== undefined;
      return { key, expected, revision, object: undefined, durable: deletesFromDisk, record: undefined, bytes: 0 };
    }
    const stored = withRevision(object, revision);
    const record = durable ? JSON.stringify(stored) : undefined;
    return { key, expected, revision, object: stored, durable, record, bytes: deepFreeze(stored) };
  }

  private enqueue(commit: QueuedCommit): void {
    this.queue.push(commit);
    for (const { key, revision, object, durable } of commit.changes) {
      const wasOnDisk = this.pending.get(key)?.onDisk ?? this.table.durable(key) !== undefined;
      this.pending.set(key, { revision: object ? revision : 0, onDisk: object ? durable || wasOnDisk : false, commit });
    }
  }

  /**
   * Writes the durable state of these keys once more, between the batches of commits. It changes nothing that is visible.
   * @throws what the journal throws.
   */
  rewrite(keys: readonly string[]): Promise<void> {
    if (this.closed) return Promise.reject(new StorageFailedError('the storage is closed', { cause: undefined }));
    const done = new Promise<void>((resolve, reject) => { this.rewrites.push({ keys, resolve, reject }); });
    this.writing ??= Promise.resolve().then(() => this.drain());
    return done;
  }

  private async writeAgain(): Promise<void> {
    const rewrite = this.rewrites.shift();
    if (!rewrite) return;
    try {
      await this.restoreSuspects();
      // Deleted meanwhile: then the disk has nothing either.
      const records = rewrite.keys.flatMap((key): JournalRecord[] => {
        const value = encode(this.table.durable(key));
        return value === undefined ? [] : [{ key, value }];
      });
      if (records.length > 0) await this.journal.write({ records });
      rewrite.resolve();
    } catch (error) {
      rewrite.reject(error);
    }
  }

  /** Never rejects. */
  private async drain(): Promise<void> {
    while (this.queue.length > 0 || this.rewrites.length > 0) {
      await this.writeAgain();
      if (this.queue.length === 0) continue;
      const batch = this.queue;
      this.queue = [];
      try {
        await this.write(batch);
      } catch (error) {
        this.fail(batch, error);
        continue;
      }
      for (const commit of batch) this.publish(commit);
    }
    this.writing = undefined;
  }

  private async write(batch: readonly QueuedCommit[]): Promise<void> {
    const records = recordsOf(batch);
    const last = batch.at(-1)!.changes.at(-1)!.revision;
    const mark = this.nextMark(last, records.length > 0);
    if (records.length === 0 && mark === undefined) return;
    await this.restoreSuspects();
    for (const { key } of records) this.suspect.add(key);
    await this.journal.write({ records, ...(mark === undefined ? {} : { mark }) });
    this.suspect.clear();
    this.failure = undefined;
    if (mark !== undefined) this.mark = mark;
  }

  /** A new reservation when this one is used up, or nearly so and the disk is written anyway. */
  private nextMark(last: Revision, writesAnyway: boolean): Revision | undefined {
    const left = this.mark - last;
    return left < 0 || (writesAnyway && left < this.revisionBlock / 2) ? last + this.revisionBlock : undefined;
  }

  /** Writes what readers see over what a failed batch may have left. On its own, so that at most one batch is suspect. */
  private async restoreSuspects(): Promise<void> {
    if (this.suspect.size === 0) return;
    const records = [...this.suspect].map((key): JournalRecord => ({ key, value: encode(this.table.durable(key)) }));
    await this.journal.write({ records });
    this.suspect.clear();
  }

  private publish(commit: QueuedCommit): void {
    const events: StorageEvent[] = [];
    for (const change of commit.changes) {
      const event = this.table.apply(change);
      if (event) events.push(event);
      if (this.pending.get(change.key)?.commit === commit) this.pending.delete(change.key);
    }
    const result = commit.changes.map(({ key, object }) => object && this.table.get(key));
    commit.resolve(result);
    this.committed(events);
  }

  /** Fails what needed the disk and what was checked against it; memory-only commits go on. */
  private fail(batch: readonly QueuedCommit[], cause: unknown): void {
    const failure = new StorageFailedError(`the disk refused a write: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    this.failure = failure;
    const needsDisk = new Set(batch.filter((commit) => commit.changes.some((change) => change.durable || change.revision > this.mark)));
    const accepted = [...batch, ...this.queue];
    this.queue = [];
    this.pending.clear();
    for (const commit of accepted) {
      const holds = commit.changes.every((change) => this.current(change.key) === change.expected);
      if (holds && !needsDisk.has(commit)) this.enqueue(commit);
      else commit.reject(failure);
    }
  }
}

function newQueuedCommit(changes: QueuedChange[]): QueuedCommit {
  let resolve: QueuedCommit['resolve'] = () => {};
  let reject: QueuedCommit['reject'] = () => {};
  const done = new Promise<(StoredObject | undefined)[]>((onResult, onError) => {
    resolve = onResult;
    reject = onError;
  });
  return { changes, done, resolve, reject };
}

/** The last durable state of each key in the batch. */
function recordsOf(batch: readonly QueuedCommit[]): JournalRecord[] {
  const latest = new Map<string, JournalRecord>();
  for (const { changes } of batch) {
    for (const { key, durable, record } of changes) {
      if (durable) latest.set(key, { key, value: record });
    }
  }
  return [...latest.values()];
}

function encode(object: KubernetesObject | undefined): string | undefined {
  return object && JSON.stringify(object);
}
