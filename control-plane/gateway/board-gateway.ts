import type { Node, NodeStatus } from '../../api/core.ts';
import {
  decodeHeartbeat, decodeRegisterRequest, decodeStatusReport, decodeSyncRequest, encodeMessage, MessageError,
} from '../../api/messaging/decode.ts';
import type { BoardNetwork, RegisterReply, StatusReply } from '../../api/messaging/messages.ts';
import { boardOfSubject, serverSubjects } from '../../api/messaging/subjects.ts';
import { nodes, pods } from '../../api/resources.ts';
import type { ApiClient } from '../../machinery/client.ts';
import type { Clock, Timer } from '../../machinery/clock.ts';
import type { EventRecorder } from '../../machinery/event-recorder.ts';
import type { Informer } from '../../machinery/informer.ts';
import type { Logger } from '../../machinery/logger.ts';
import type { IncomingMessage, MessagingConnection } from '../../machinery/nats/messaging-connection.ts';
import type { SharedInformers } from '../controllers/shared-informers.ts';
import { DesiredStates } from './desired-states.ts';
import { NetworkState } from './network-state.ts';
import { NodeLeases } from './node-leases.ts';
import { NodeRegistration } from './node-registration.ts';
import type { TokenIssuer } from './pod-tokens.ts';
import { StatusReports } from './status-reports.ts';

export interface BoardGatewayOptions {
  connection: MessagingConnection;
  client: ApiClient;
  informers: SharedInformers;
  recorder: EventRecorder;
  network: Omit<BoardNetwork, 'podCIDR'>;
  clock: Clock;
  logger: Logger;
  /** Unique for every numbering of a state. */
  newEpoch: () => string;
  /** Issues the tokens of pods. Absent: pods get none (tests). */
  tokens?: TokenIssuer;
}

/** A board that was silent this long is detached: its state is made anew when it comes back. */
const forgetAfterMs = 5 * 60_000;
const sweepEveryMs = 60_000;
/** Requests of one board that wait; a well-behaved board sends the next after the answer to the last. */
const maximumWaiting = 8;

interface Session {
  lastSeen: number;
  /** Requests of one board are handled one after the other. */
  work: Promise<void>;
  waiting: number;
  /** As last reported, to take back what was assumed while the board was silent. */
  status: NodeStatus | undefined;
}

/**
 * The control plane's end of the link to the boards: turns their messages into writes of Nodes, Leases and pod statuses,
 * and publishes what they should run.
 *
 * Make it before the informers are started, start it when they have synced.
 */
export class BoardGateway {
  private readonly options: BoardGatewayOptions;
  private readonly sessions = new Map<string, Session>();
  private readonly nodes: Informer<Node>;
  private readonly desired: DesiredStates;
  private readonly network: NetworkState;
  private readonly registration: NodeRegistration;
  private readonly leases: NodeLeases;
  private readonly reports: StatusReports;
  private readonly endings: (() => void)[] = [];
  private sweepTimer: Timer | undefined;

  constructor(options: BoardGatewayOptions) {
    this.options = options;
    const { client, informers, clock, logger, recorder, network } = options;
    this.nodes = informers.of(nodes);
    this.desired = new DesiredStates(options);
    this.network = new NetworkState(options);
    this.registration = new NodeRegistration({ client, nodes: this.nodes, clock, network });
    this.leases = new NodeLeases({ client, clock });
    this.reports = new StatusReports({ client, pods: informers.of(pods), recorder, logger });
    this.nodes.addHandler({ added: () => {}, updated: () => {}, deleted: ({ metadata }) => this.forget(metadata?.name ?? '') });
  }

  start(): void {
    const { connection } = this.options;
    this.endings.push(
      connection.subscribe(serverSubjects.register, (message) => this.answer(message, (board) => this.register(board, message.data))),
      connection.subscribe(serverSubjects.status, (message) => this.answer(message, (board) => this.status(board, message.data))),
      connection.subscribe(serverSubjects.heartbeat, (message) => this.listen(message, (board) => this.heartbeat(board, message.data))),
      connection.subscribe(serverSubjects.sync, (message) => this.listen(message, (board) => this.sync(board, message.data))),
      connection.subscribe(serverSubjects.networkSync, (message) => this.listen(message, (board) => this.network.sync(board, decodeSyncRequest(message.data)))),
      connection.onStatus((status) => {
        if (status !== 'connected') return;
        this.network.reconnected();
        this.desired.reconnected();
      }),
    );
    this.desired.start();
    this.sweep();
  }

  /** Resolves when what boards reported so far is written. */
  async stop(): Promise<void> {
    for (const end of this.endings.splice(0)) end();
    this.sweepTimer?.cancel();
    this.desired.stop();
    this.network.stop();
    await Promise.all([...this.sessions.values()].map(({ work }) => work));
  }

  private async register(board: string, data: Uint8Array): Promise<RegisterReply> {
    const request = decodeRegisterRequest(data);
    const reply = await this.registration.register(board, request);
    if (reply.error !== undefined) {
      this.options.logger.warn('Board refused', { board, why: reply.error });
      return reply;
    }
    this.options.logger.info('Board registered', { board, agentVersion: request.agentVersion });
    this.session(board).status = request.node.status;
    await this.renew(board);
    this.desired.attach(board);
    return reply;
  }

  private async status(board: string, data: Uint8Array): Promise<StatusReply> {
    const report = decodeStatusReport(data);
    const reply = await this.reports.handle(board, report);
    if (report.node) {
      this.session(board).status = report.node;
      if (!await this.registration.updateStatus(board, report.node)) return { ...reply, error: `node "${board}" does not exist; register first` };
    }
    return reply;
  }

  private heartbeat(board: string, data: Uint8Array): void {
    const { e, r } = decodeHeartbeat(data);
    // Without a Node there is nothing to keep alive; the board registers at its next connect.
    if (!this.nodes.get(board)) return;
    this.desired.heartbeat(board, { epoch: e, revision: r });
    this.enqueue(board, () => this.renew(board));
  }

  private async renew(board: string): Promise<void> {
    const node = this.nodes.get(board);
    if (!node) return;
    await this.leases.renew(node);
    const { status } = this.session(board);
    const assumedGone = node.status?.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'Unknown');
    if (assumedGone && status) await this.registration.updateStatus(board, status);
  }

  private sync(board: string, data: Uint8Array): void {
    const request = decodeSyncRequest(data);
    if (this.nodes.get(board)) this.desired.sync(board, request);
  }

  private session(board: string): Session {
    let session = this.sessions.get(board);
    if (!session) {
      session = { lastSeen: 0, work: Promise.resolve(), waiting: 0, status: undefined };
      this.sessions.set(board, session);
    }
    session.lastSeen = this.options.clock.monotonic();
    return session;
  }

  private listen(message: IncomingMessage, handle: (board: string) => void): void {
    const board = boardOfSubject(message.subject);
    this.session(board);
    try {
      handle(board);
    } catch (error) {
      if (!(error instanceof MessageError)) throw error;
      this.options.logger.warn('Malformed message of a board', { board, subject: message.subject, error });
    }
  }

  private answer(message: IncomingMessage, handle: (board: string) => Promise<RegisterReply | StatusReply>): void {
    const board = boardOfSubject(message.subject);
    const accepted = this.enqueue(board, async () => {
      try {
        message.respond(encodeMessage(await handle(board)));
      } catch (error) {
        message.respond(encodeMessage({ error: (error as Error).message }));
        throw error;
      }
    });
    if (!accepted) message.respond(encodeMessage({ error: 'too many requests of this board wait' }));
  }

  private enqueue(board: string, task: () => Promise<void>): boolean {
    const session = this.session(board);
    if (session.waiting >= maximumWaiting) return false;
    session.waiting += 1;
    session.work = session.work.then(task).catch((error: unknown) => {
      this.options.logger.warn('Message of a board failed', { board, error });
    }).finally(() => { session.waiting -= 1; });
    return true;
  }

  private forget(board: string): void {
    this.desired.detach(board);
    this.sessions.delete(board);
  }

  private sweep(): void {
    const silentSince = this.options.clock.monotonic() - forgetAfterMs;
    for (const [board, { lastSeen, waiting }] of [...this.sessions]) {
      if (lastSeen < silentSince && waiting === 0) this.forget(board);
    }
    this.sweepTimer = this.options.clock.after(sweepEveryMs, () => this.sweep());
  }
}

