/**
 * The board's view of the cluster's network: Services, EndpointSlices and Nodes, as the control plane sends them over NATS,
 * kept on disk so that a board that boots alone still serves its Services.
 */
import { createHash } from 'node:crypto';
import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Service } from '../api/core.ts';
import type { EndpointSlice } from '../api/discovery.ts';
import { decodeStateMessage, encodeMessage, MessageError } from '../api/messaging/decode.ts';
import type { StateObject, SyncRequest } from '../api/messaging/messages.ts';
import { boardSubjects, networkSubject } from '../api/messaging/subjects.ts';
import type { Clock, Timer } from '../machinery/clock.ts';
import type { Logger } from '../machinery/logger.ts';
import type { IncomingMessage, MessagingConnection } from '../machinery/nats/messaging-connection.ts';
import { StateReceiver } from '../machinery/nats/state-receiver.ts';

/** A card wears out: however often endpoints change, the file is written at most this often. */
const saveEveryMs = 30_000;
/** A lone change is on the card soon: the plug may be pulled. */
const saveSoonMs = 1_000;
/** Should a message be lost without anybody noticing, this finds out. */
const compareEveryMs = 300_000;
/** A full state is asked for at most this often while messages do not fit together. */
const syncEveryMs = 1_000;

interface Checkpoint {
  epoch: string;
  revision: number;
  objects: StateObject[];
}

export class NetworkView {
  private readonly receiver = new StateReceiver();
  private readonly handlers: (() => void)[] = [];
  private readonly endings: (() => void)[] = [];
  private saveTimer: Timer | undefined;
  private lastSave = Number.NEGATIVE_INFINITY;
  /** Hash of the objects in the file. */
  private savedDigest = '';
  private compareTimer: Timer | undefined;
  private syncTimer: Timer | undefined;
  private saving: Promise<void> = Promise.resolve();
  private readonly options: { connection: MessagingConnection; boardName: string; checkpointFile: string; clock: Clock; logger: Logger };

  constructor(options: NetworkView['options']) {
    this.options = options;
  }

  services(): Service[] {
    return this.receiver.ofKind('Service');
  }

  endpointSlices(): EndpointSlice[] {
    return this.receiver.ofKind('EndpointSlice');
  }

  /** Called after each change. */
  onChange(handler: () => void): void {
    this.handlers.push(handler);
  }

  /** Reads the last known state, then follows the control plane. */
  async start(): Promise<void> {
    await this.load();
    const { connection, boardName } = this.options;
    const subjects = boardSubjects(boardName);
    this.endings.push(
      connection.subscribe(networkSubject, (message) => this.receive(message)),
      connection.subscribe(subjects.network, (message) => this.receive(message)),
      connection.onStatus((status) => { if (status === 'connected') this.requestSync(); }),
    );
    // It may have connected while the file was read.
    if (connection.status === 'connected') this.requestSync();
    this.scheduleCompare();
  }

  async stop(): Promise<void> {
    for (const end of this.endings.splice(0)) end();
    this.compareTimer?.cancel();
    this.syncTimer?.cancel();
    if (this.saveTimer) {
      this.saveTimer.cancel();
      this.save();
    }
    await this.saving;
  }

  private receive(message: IncomingMessage): void {
    let result;
    try {
      result = this.receiver.apply(decodeStateMessage(message.data));
    } catch (error) {
      if (!(error instanceof MessageError)) throw error;
      this.options.logger.warn('cannot decode a network state', { subject: message.subject, error });
      this.requestSyncSoon();
      return;
    }
    if (result.outcome === 'needsSync') this.requestSyncSoon();
    if (result.outcome === 'applied') {
      for (const handler of this.handlers) handler();
      this.saveSoon();
    }
  }

  private requestSync(): void {
    const { connection, boardName } = this.options;
    const request: SyncRequest = { epoch: this.receiver.epoch, revision: this.receiver.revision };
    connection.publish(boardSubjects(boardName).networkSync, encodeMessage(request));
  }

  private requestSyncSoon(): void {
    if (this.syncTimer) return;
    this.requestSync();
    this.syncTimer = this.options.clock.after(syncEveryMs, () => { this.syncTimer = undefined; });
  }

  private scheduleCompare(): void {
    this.compareTimer = this.options.clock.after(compareEveryMs, () => {
      this.requestSync();
      this.scheduleCompare();
    });
  }

  private async load(): Promise<void> {
    const { checkpointFile, logger } = this.options;
    try {
      const checkpoint = JSON.parse(await readFile(checkpointFile, 'utf8')) as Checkpoint;
      this.receiver.restore(checkpoint);
      this.savedDigest = digestOf(checkpoint.objects);
      logger.info('read the last known network', { objects: checkpoint.objects.length });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
      logger.warn('cannot read the last known network; waiting for the control plane', { file: checkpointFile, error });
    }
  }

  private saveSoon(): void {
    const { clock } = this.options;
    const wait = Math.max(saveSoonMs, this.lastSave + saveEveryMs - clock.monotonic());
    this.saveTimer ??= clock.after(wait, () => this.save());
  }

  /** Nothing where the same objects only got a new numbering, as after a restart of the control plane. */
  private save(): void {
    this.saveTimer = undefined;
    const checkpoint: Checkpoint = { epoch: this.receiver.epoch, revision: this.receiver.revision, objects: this.receiver.all() };
    const digest = digestOf(checkpoint.objects);
    if (digest === this.savedDigest) return;
    this.savedDigest = digest;
    this.lastSave = this.options.clock.monotonic();
    this.saving = this.saving.then(() => writeAtomically(this.options.checkpointFile, JSON.stringify(checkpoint))).catch((error: unknown) => {
      this.savedDigest = '';
      this.options.logger.warn('cannot save the network state', { file: this.options.checkpointFile, error });
    });
  }
}

/** In whatever order they came. */
function digestOf(objects: readonly StateObject[]): string {
  const hash = createHash('sha256');
  for (const line of objects.map((object) => JSON.stringify(object)).sort()) hash.update(line).update('\n');
  return hash.digest('base64');
}

/** The old or the new content survives a power cut, never a half. */
async function writeAtomically(path: string, content: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const temporary = `${path}.new`;
  const file = await open(temporary, 'w', 0o600);
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
}
