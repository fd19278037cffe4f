import type { ConfigMap, Node, NodeStatus, Pod, Secret, Service } from '../../api/core.ts';
import { decodeRegisterReply, decodeStateMessage, decodeStatusReply, encodeMessage, MessageError } from '../../api/messaging/decode.ts';
import { heartbeatSeconds, type BoardNetwork, type EventReport, type Heartbeat, type PodReport, type RegisterRequest, type StateMessage, type SyncRequest } from '../../api/messaging/messages.ts';
import { boardSubjects, type BoardSubjects } from '../../api/messaging/subjects.ts';
import type { Clock, Timer } from '../../machinery/clock.ts';
import type { Logger } from '../../machinery/logger.ts';
import type { MessagingConnection } from '../../machinery/nats/messaging-connection.ts';
import type { DesiredState } from '../pods/desired-state.ts';
import { DesiredStateCheckpoint } from './desired-state-checkpoint.ts';
import { DesiredStateView } from './desired-state-view.ts';
import { StatusQueue } from './status-queue.ts';
import type { StatusSink } from './status-sink.ts';

const requestTimeoutMs = 10_000;
const retryBaseMs = 1_000;
const retryMaximumMs = 30_000;
/** An event waits this long for a status to travel with, so that the status of a starting pod never waits behind events. */
const eventPauseMs = 100;
/** A burst of messages that do not fit asks for the state once. */
const syncPauseMs = 2_000;

export interface BoardLinkOptions {
  connection: MessagingConnection;
  board: string;
  /** Of the board's nkey: the saved state is sealed with a key derived from it. */
  seed: string;
  dataDir: string;
  agentVersion: string;
  /** The node as it is now, for registration. */
  node: () => Promise<Node>;
  clock: Clock;
  log: Logger;
  /** In [0, 1). */
  random: () => number;
}

/**
 * The board's side of the NATS protocol (api/messaging): registers, keeps the desired state, reports status.
 *
 *   offline ──connected──► registering ──reply with network──► registered ──connection lost──► offline
 *                              └──no answer, refused: again after a pause
 *
 * INVARIANTS: at most one registration and one status report are under way. Whatever arrives while registering is applied
 * at once; heartbeats and reports are sent only when registered. A message that cannot be read costs one SyncRequest.
 */
export class BoardLink implements DesiredState, StatusSink {
  private readonly options: BoardLinkOptions;
  private readonly subjects: BoardSubjects;
  private readonly view = new DesiredStateView();
  private readonly queue = new StatusQueue();
  private readonly checkpoint: DesiredStateCheckpoint;
  private readonly handlers: ((podUids: readonly string[]) => void)[] = [];
  private readonly networkHandlers: ((network: BoardNetwork) => void)[] = [];
  private readonly abort = new AbortController();
  private readonly cleanups: (() => void)[] = [];
  /** Aborted when the connection is lost. */
  private session: AbortController | undefined;
  private sessions: Promise<void> = Promise.resolve();
  private isRegistered = false;
  private reporting: Promise<void> | undefined;
  private eventTimer: Timer | undefined;
  private lastSync = Number.NEGATIVE_INFINITY;
  private syncWaits = false;
  private isReady = false;
  private boardNetwork: BoardNetwork | undefined;

  constructor(options: BoardLinkOptions) {
    this.options = options;
    this.subjects = boardSubjects(options.board);
    this.checkpoint = new DesiredStateCheckpoint(options);
  }

  get ready(): boolean {
    return this.isReady;
  }

  get network(): BoardNetwork | undefined {
    return this.boardNetwork;
  }

  /** Whether the control plane knows of this board's connection. */
  get registered(): boolean {
    return this.isRegistered;
  }

  pods(): Pod[] { return this.view.pods(); }
  pod(uid: string): Pod | undefined { return this.view.pod(uid); }
  configMap(namespace: string, name: string): ConfigMap | undefined { return this.view.configMap(namespace, name); }
  secret(namespace: string, name: string): Secret | undefined { return this.view.secret(namespace, name); }
  services(namespace: string): Service[] { return this.view.services(namespace); }

  onChange(handler: (podUids: readonly string[]) => void): void {
    this.handlers.push(handler);
  }

  /** Called with the saved network at start, and whenever the control plane gives another one. */
  onNetwork(handler: (network: BoardNetwork) => void): void {
    this.networkHandlers.push(handler);
    if (this.boardNetwork) handler(this.boardNetwork);
  }

  /** Reads the saved state, then connects. Resolves when the saved state is there (or is known not to be). */
  async start(): Promise<void> {
    const saved = await this.checkpoint.load();
    if (saved) {
      this.view.restore(saved);
      if (saved.network) this.setNetwork(saved.network);
      this.isReady = true;
      this.options.log.info('desired state read from disk', { pods: this.view.pods().length, revision: saved.revision });
      this.notify(this.view.pods().map((pod) => pod.metadata?.uid ?? ''));
    }
    const { connection } = this.options;
    this.cleanups.push(connection.subscribe(this.subjects.desired, (message) => this.receive(message.data)));
    this.cleanups.push(connection.onStatus((status) => {
      this.endSession();
      if (status === 'connected') this.beginSession();
    }));
    if (connection.status === 'connected') this.beginSession();
  }

  /** Ends everything but the connection, which is the caller's; saves what is not saved. */
  async stop(): Promise<void> {
    this.abort.abort(new Error('stopped'));
    this.endSession();
    this.eventTimer?.cancel();
    for (const cleanup of this.cleanups) cleanup();
    await this.sessions;
    await this.reporting;
    await this.checkpoint.stop();
  }

  report(report: PodReport): void {
    this.queue.report(report);
    this.reportSoon();
  }

  event(event: EventReport): void {
    this.queue.addEvent(event);
    this.eventTimer ??= this.options.clock.after(eventPauseMs, () => {
      this.eventTimer = undefined;
      this.reportSoon();
    });
  }

  reportNode(status: NodeStatus): void {
    this.queue.setNode(status);
    this.reportSoon();
  }

  private beginSession(): void {
    if (this.abort.signal.aborted) return;
    const session = new AbortController();
    this.session = session;
    this.sessions = this.sessions.then(() => this.runSession(session.signal)).catch((error: unknown) => {
      if (!session.signal.aborted) this.options.log.error('link session failed', { error });
    });
  }

  private endSession(): void {
    this.isRegistered = false;
    this.session?.abort(new Error('connection lost'));
    this.session = undefined;
  }

  private async runSession(signal: AbortSignal): Promise<void> {
    await this.retry('registration', signal, () => this.register());
    if (signal.aborted) return;
    this.isRegistered = true;
    this.requestSync();
    this.queue.resend((uid) => this.view.pod(uid) !== undefined);
    this.reportSoon();
    await this.beat(signal);
  }

  private async beat(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const beat: Heartbeat = { e: this.view.epoch, r: this.view.revision };
      this.options.connection.publish(this.subjects.heartbeat, encodeMessage(beat));
      await this.pause(heartbeatSeconds * 1_000, signal);
    }
  }

  private async register(): Promise<void> {
    const request: RegisterRequest = { node: await this.options.node(), agentVersion: this.options.agentVersion };
    const reply = decodeRegisterReply(await this.options.connection.request(this.subjects.register, encodeMessage(request), { timeoutMs: requestTimeoutMs }));
    if (reply.error !== undefined || !reply.network) throw new Error(`the control plane refuses this board: ${reply.error ?? 'no network'}`);
    this.options.log.info('registered', { podCIDR: reply.network.podCIDR });
    this.setNetwork(reply.network);
  }

  private setNetwork(network: BoardNetwork): void {
    if (JSON.stringify(network) === JSON.stringify(this.boardNetwork)) return;
    this.boardNetwork = network;
    if (this.isReady) this.save();
    for (const handler of this.networkHandlers) handler(network);
  }

  private receive(data: Uint8Array): void {
    let message: StateMessage;
    try {
      message = decodeStateMessage(data);
    } catch (error) {
      if (!(error instanceof MessageError)) throw error;
      this.options.log.error('a desired state that cannot be read', { error });
      this.requestSync();
      return;
    }
    const change = this.view.apply(message);
    if (change.outcome === 'needsSync') this.requestSync();
    if (change.outcome !== 'applied') return;
    const first = !this.isReady;
    this.isReady = true;
    if (change.changed || first) this.save();
    if (change.podUids.length > 0 || first) this.notify(change.podUids);
  }

  private save(): void {
    this.checkpoint.save(() => ({
      epoch: this.view.epoch, revision: this.view.revision, objects: this.view.objects(), ...(this.boardNetwork ? { network: this.boardNetwork } : {}),
    }));
  }

  private notify(podUids: readonly string[]): void {
    for (const handler of this.handlers) {
      try {
        handler(podUids);
      } catch (error) {
        this.options.log.error('desired state handler failed', { error });
      }
    }
  }

  /** Now, or once after the pause when one was sent just before. */
  private requestSync(): void {
    const { clock, connection } = this.options;
    const wait = this.lastSync + syncPauseMs - clock.monotonic();
    if (wait <= 0) {
      this.lastSync = clock.monotonic();
      const request: SyncRequest = { epoch: this.view.epoch, revision: this.view.revision };
      connection.publish(this.subjects.sync, encodeMessage(request));
    } else if (!this.syncWaits) {
      this.syncWaits = true;
      const timer = clock.after(wait, () => {
        this.syncWaits = false;
        if (!this.abort.signal.aborted) this.requestSync();
      });
      this.abort.signal.addEventListener('abort', () => timer.cancel(), { once: true });
    }
  }

  /** Reports of one turn of the event loop go together. */
  private reportSoon(): void {
    if (!this.isRegistered || this.reporting || this.queue.isEmpty) return;
    const signal = this.session?.signal;
    if (!signal) return;
    this.reporting = Promise.resolve().then(() => this.sendReports(signal)).finally(() => {
      this.reporting = undefined;
      // What came in the meantime, or what a broken session left to the next.
      this.reportSoon();
    });
  }

  private async sendReports(signal: AbortSignal): Promise<void> {
    while (!signal.aborted && !this.queue.isEmpty) await this.retry('status report', signal, () => this.sendReport());
  }

  private async sendReport(): Promise<void> {
    const taken = this.queue.take();
    if (!taken) return;
    try {
      const reply = decodeStatusReply(await this.options.connection.request(this.subjects.status, encodeMessage(taken.report), { timeoutMs: requestTimeoutMs }));
      if (reply.error !== undefined) throw new Error(`the control plane could not store it: ${reply.error}`);
      this.queue.acknowledge(taken, reply.unknown);
    } catch (error) {
      this.queue.giveBack(taken);
      throw error;
    }
  }

  /** Until it succeeds or the session ends; pauses double. One line when it begins to fail. */
  private async retry(what: string, signal: AbortSignal, attempt: () => Promise<void>): Promise<void> {
    for (let failures = 0; !signal.aborted; failures++) {
      try {
        await attempt();
        if (failures > 0) this.options.log.info(`${what} succeeded`, { failures });
        return;
      } catch (error) {
        if (failures === 0) this.options.log.warn(`${what} failed, trying again`, { error });
        else this.options.log.debug(`${what} failed again`, { failures, error });
      }
      const longest = Math.min(retryBaseMs * 2 ** failures, retryMaximumMs);
      await this.pause(longest / 2 + this.options.random() * longest / 2, signal);
    }
  }

  /** Ends early, and quietly, when the session does. */
  private pause(milliseconds: number, signal: AbortSignal): Promise<void> {
    return this.options.clock.sleep(milliseconds, signal).catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
  }
}
