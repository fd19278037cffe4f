/** Storage served from memory over a journal: reads from the object table, writes through the commit pipeline. */
import type { Logger } from '../../machinery/logger.ts';
import { CommitPipeline } from './commit-pipeline.ts';
import type { HistoryLimits } from './history.ts';
import type { Journal } from './journal.ts';
import { ObjectTable } from './object-table.ts';
import type { ListOptions, ListPage, Mutation, Revision, Storage, StorageFailedError, StorageWatcher, StoredObject } from './storage.ts';
import { WatcherSet } from './watcher-set.ts';

export interface ServingStoreOptions {
  journal: Journal;
  logger: Logger;
  history: HistoryLimits;
  revisionBlock: number;
  /** Reservation that the journal has. Revisions up to `start` may have been seen in an earlier life. */
  mark: Revision;
  start: Revision;
  /** What the disk has, in key order. */
  loaded?: Iterable<StoredObject>;
}

export class ServingStore implements Storage {
  private readonly journal: Journal;
  private readonly table: ObjectTable;
  private readonly pipeline: CommitPipeline;
  private readonly watchers: WatcherSet;
  private closing: Promise<void> | undefined;

  constructor({ journal, logger, history, revisionBlock, mark, start, loaded }: ServingStoreOptions) {
    this.journal = journal;
    this.table = new ObjectTable(start, history, loaded);
    this.watchers = new WatcherSet(logger);
    this.pipeline = new CommitPipeline({
      table: this.table, journal, revisionBlock, mark, committed: (events) => this.watchers.dispatch(events),
    });
  }

  get revision(): Revision {
    return this.table.revision;
  }

  /** Why the disk refused the last write it was asked for; undefined when it took it. */
  get failure(): StorageFailedError | undefined {
    return this.pipeline.failure;
  }

  get(key: string): StoredObject | undefined {
    return this.table.get(key);
  }

  list(prefix: string, options: ListOptions = {}): ListPage {
    return this.table.list(prefix, options);
  }

  commit(mutations: readonly Mutation[]): Promise<(StoredObject | undefined)[]> {
    return this.pipeline.commit(mutations);
  }

  watch(prefix: string, since: Revision, watcher: StorageWatcher): () => void {
    if (this.closing) throw new Error('the storage is closed');
    const missed = this.table.eventsSince(prefix, since);
    const stop = this.watchers.add(prefix, watcher);
    this.watchers.deliverTo(watcher, prefix, missed);
    return stop;
  }

  /** Writes what the disk should have for these keys once more, in turn with other writes; nobody sees a change. */
  protected rewrite(keys: readonly string[]): Promise<void> {
    return this.pipeline.rewrite(keys);
  }

  close(): Promise<void> {
    this.closing ??= this.closeAll();
    return this.closing;
  }

  private async closeAll(): Promise<void> {
    await this.pipeline.close();
    this.watchers.close(new Error('the storage is closing'));
    await this.journal.close();
  }
}
