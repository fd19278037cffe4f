/** The last desired state of the board on its own disk, so that it starts its pods without a control plane. */
import { createHash } from 'node:crypto';
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { BoardNetwork, StateObject } from '../../api/messaging/messages.ts';
import { podTokenType } from '../../api/messaging/pod-tokens.ts';
import type { Clock, Timer } from '../../machinery/clock.ts';
import type { Logger } from '../../machinery/logger.ts';
import { podSubstance } from './pod-substance.ts';
import { readSealed, sealingKey, writeSealed } from './sealed-file.ts';

export interface SavedState {
  epoch: string;
  revision: number;
  network?: BoardNetwork;
  objects: StateObject[];
}

/** Changes that come together are written once; short enough that a pod is on the card about when it runs. */
const coalesceMs = 500;
/** After a write that failed (card full, read-only). */
const retryMs = 30_000;
const formatVersion = 1;

/**
 * INVARIANTS: one write at a time, always of the newest state. Nothing is written unless something changed that matters
 * after a restart: a status or a resourceVersion does not.
 */
export class DesiredStateCheckpoint {
  private readonly path: string;
  private readonly key: Buffer;
  private readonly clock: Clock;
  private readonly log: Logger;
  private writtenDigest: string | undefined;
  private timer: Timer | undefined;
  private source: (() => SavedState) | undefined;
  private writing: Promise<void> = Promise.resolve();

  constructor(options: { dataDir: string; seed: string; clock: Clock; log: Logger }) {
    this.path = join(options.dataDir, 'desired-state', 'state');
    this.key = sealingKey(options.seed, 'desired-state');
    this.clock = options.clock;
    this.log = options.log;
  }

  /** Undefined when there is none, or none that can be used: that one is kept beside it as `state.unusable`. */
  async load(): Promise<SavedState | undefined> {
    try {
      const plain = await readSealed(this.path, this.key);
      if (!plain) return undefined;
      const saved = parseSaved(plain);
      this.writtenDigest = digestOf(saved);
      return saved;
    } catch (error) {
      this.log.error('the saved desired state cannot be used, waiting for the control plane', { path: this.path, error });
      await rename(this.path, `${this.path}.unusable`).catch((reason: unknown) => {
        this.log.warn('the unusable desired state cannot be moved aside', { path: this.path, error: reason });
      });
      return undefined;
    }
  }

  /** Writes soon. @param source is asked at the time of writing. */
  save(source: () => SavedState): void {
    this.source = source;
    this.timer ??= this.clock.after(coalesceMs, () => { void this.flush(); });
  }

  /** Writes what is waiting now. Does not throw: a failed write is logged and tried again. */
  flush(): Promise<void> {
    this.timer?.cancel();
    this.timer = undefined;
    this.writing = this.writing.then(() => this.write());
    return this.writing;
  }

  private async write(): Promise<void> {
    const { source } = this;
    if (!source) return;
    this.source = undefined;
    const saved = source();
    const digest = digestOf(saved);
    if (digest === this.writtenDigest) return;
    try {
      await writeSealed(this.path, this.key, Buffer.from(JSON.stringify({ version: formatVersion, ...saved })));
      this.writtenDigest = digest;
    } catch (error) {
      this.log.error('cannot save the desired state', { path: this.path, error });
      this.source ??= source;
      this.timer ??= this.clock.after(retryMs, () => { void this.flush(); });
    }
  }

  /** Writes what is waiting and makes no more attempts. */
  async stop(): Promise<void> {
    await this.flush();
    this.timer?.cancel();
    this.timer = undefined;
  }
}

function parseSaved(plain: Buffer): SavedState {
  const value = JSON.parse(plain.toString()) as Partial<SavedState> & { version?: unknown };
  if (value.version !== formatVersion) throw new Error(`unknown version ${String(value.version)}`);
  const { epoch, revision, objects, network } = value;
  if (typeof epoch !== 'string' || typeof revision !== 'number' || !Array.isArray(objects)) throw new Error('fields are missing');
  return { epoch, revision, objects, ...(network ? { network } : {}) };
}

/** Of what matters after a restart. */
function digestOf(saved: SavedState): string {
  const lines = saved.objects.map((entry) => {
    if (entry.kind === 'Pod') return `Pod ${podSubstance(entry.object)}`;
    // A renewed token is as good as the one on the card, until its period ends.
    if (entry.kind === 'Secret' && entry.object.type === podTokenType) return `PodToken ${JSON.stringify(entry.object.metadata)}`;
    const { resourceVersion: _resourceVersion, managedFields: _managedFields, ...metadata } = entry.object.metadata ?? {};
    return `${entry.kind} ${JSON.stringify({ ...entry.object, metadata })}`;
  });
  const hash = createHash('sha256').update(JSON.stringify(saved.network ?? null));
  for (const line of lines.sort()) hash.update('\n').update(line);
  return hash.digest('base64');
}
