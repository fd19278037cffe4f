import type { ConfigMap, Pod, Secret, Service } from '../../api/core.ts';
import { encodeMessage } from '../../api/messaging/decode.ts';
import type { StateMessage, StateObject, SyncRequest } from '../../api/messaging/messages.ts';
import { boardSubjects } from '../../api/messaging/subjects.ts';
import { objectKey } from '../../api/meta.ts';
import { configMaps, pods, secrets, services } from '../../api/resources.ts';
import type { Clock } from '../../machinery/clock.ts';
import type { Informer, InformerHandler } from '../../machinery/informer.ts';
import type { Logger } from '../../machinery/logger.ts';
import type { MessagingConnection } from '../../machinery/nats/messaging-connection.ts';
import { StatePublisher } from '../../machinery/nats/state-publisher.ts';
import { nodeIndex, type SharedInformers } from '../controllers/shared-informers.ts';
import { Coalescer } from './coalescer.ts';
import { apiServerService, isServiceNeeded, objectsNeededBy, type NeededObjects } from './needed-objects.ts';
import { PodTokens, type TokenIssuer } from './pod-tokens.ts';
import { sameForBoard, trimObject } from './trim-objects.ts';

export interface DesiredStatesOptions {
  informers: SharedInformers;
  connection: Pick<MessagingConnection, 'publish'>;
  clock: Clock;
  newEpoch: () => string;
  logger: Logger;
  /** Absent: pods get no tokens (tests). */
  tokens?: TokenIssuer;
}

interface BoardState {
  publisher: StatePublisher;
  needed: NeededObjects;
  /** As last sent, by key: a status alone is not sent again. */
  sentPods: Map<string, Pod>;
  coalescer: Coalescer;
  /** Monotonic milliseconds of the last delta: a heartbeat may have crossed it. */
  lastDelta: number;
  /** A delta was lost for want of a connection. */
  missed: boolean;
  /** The board needs everything, which waits for the tokens of pods. */
  fullDue: boolean;
}

/** The changes of one action (a scaled Deployment, an applied file) come together, but for the first: a pod starts at once. */
const intervalMs = 25;
/** A board has this long to show that it has the last delta. */
const crossingMs = 5_000;

/**
 * The desired state of each board: its pods and exactly what they need. Kept for boards that are there (attach, detach),
 * sent as deltas, and whole to those that are behind.
 */
export class DesiredStates {
  private readonly options: DesiredStatesOptions;
  private readonly boards = new Map<string, BoardState>();
  private readonly pods: Informer<Pod>;
  private readonly configMaps: Informer<ConfigMap>;
  private readonly secrets: Informer<Secret>;
  private readonly services: Informer<Service>;
  private readonly tokens: PodTokens | undefined;

  constructor(options: DesiredStatesOptions) {
    this.options = options;
    const { informers } = options;
    this.pods = informers.of(pods);
    this.configMaps = informers.of(configMaps);
    this.secrets = informers.of(secrets);
    this.services = informers.of(services);
    const { tokens: issuer, clock, logger } = options;
    this.tokens = issuer && new PodTokens({ issuer, clock, logger, changed: (board) => this.touch(board) });
    this.pods.addHandler(onAny((pod) => this.touch(pod.spec?.nodeName)));
    this.pods.addHandler({ added: () => {}, updated: () => {}, deleted: (pod) => this.tokens?.forget(pod) });
    this.configMaps.addHandler(onAny((object) => this.touchWhere(({ needed }) => needed.configMaps.has(objectKey(object)))));
    this.secrets.addHandler(onAny((object) => this.touchWhere(({ needed }) => needed.secrets.has(objectKey(object)))));
    this.services.addHandler(onAny((object) => this.touchWhere(({ needed }) => isServiceNeeded(needed, object))));
  }

  start(): void {
    this.tokens?.start();
  }

  /** The board is there: from now on it is told of changes. */
  attach(board: string): void {
    if (this.boards.has(board)) return;
    const state: BoardState = {
      publisher: new StatePublisher({ epoch: this.options.newEpoch() }),
      needed: objectsNeededBy([]),
      sentPods: new Map(),
      coalescer: new Coalescer({ clock: this.options.clock, intervalMs, run: () => this.sendDelta(board, state) }),
      lastDelta: Number.NEGATIVE_INFINITY,
      missed: false,
      fullDue: false,
    };
    this.compose(board, state, { fresh: true });
    state.publisher.flush();
    this.boards.set(board, state);
  }

  /** The board is gone for long: frees what is kept for it. */
  detach(board: string): void {
    this.boards.get(board)?.coalescer.cancel();
    this.boards.delete(board);
  }

  stop(): void {
    this.tokens?.stop();
    for (const board of [...this.boards.keys()]) this.detach(board);
  }

  /** Answers a SyncRequest: with everything, unless the board has it. */
  sync(board: string, request: SyncRequest): void {
    this.attach(board);
    const state = this.boards.get(board)!;
    if (!state.fullDue) this.sendDelta(board, state);
    if (!isAt(state.publisher, request)) this.sendFull(board, state);
  }

  /** A board that stays behind missed something: nobody else would notice. */
  heartbeat(board: string, at: SyncRequest): void {
    this.attach(board);
    const state = this.boards.get(board)!;
    const crossed = this.options.clock.monotonic() - state.lastDelta < crossingMs;
    if (!crossed && !state.publisher.pending && !isAt(state.publisher, at)) this.sendFull(board, state);
  }

  /** The control plane is connected again; boards whose own connection held would not ask before their heartbeat. */
  reconnected(): void {
    for (const [board, state] of this.boards) if (state.missed) this.sendFull(board, state);
  }

  private touch(board: string | undefined): void {
    if (board) this.boards.get(board)?.coalescer.request();
  }

  private touchWhere(concerned: (state: BoardState) => boolean): void {
    for (const state of this.boards.values()) if (concerned(state)) state.coalescer.request();
  }

  private sendDelta(board: string, state: BoardState): void {
    state.coalescer.cancel();
    if (state.fullDue) {
      this.sendFull(board, state);
      return;
    }
    this.compose(board, state, { fresh: false });
    const messages = state.publisher.flush();
    if (messages.length === 0) return;
    state.lastDelta = this.options.clock.monotonic();
    this.send(board, state, messages);
  }

  /**
   * With the present statuses too: a board that starts anew goes on from them (restart counts, start times). Never without
   * a pod that waits for its tokens: the board may run it already, and would end it.
   */
  private sendFull(board: string, state: BoardState): void {
    state.fullDue = this.compose(board, state, { fresh: true }).waiting;
    state.publisher.flush();
    if (state.fullDue) return;
    state.lastDelta = this.options.clock.monotonic();
    state.missed = false;
    this.send(board, state, state.publisher.full());
  }

  /** @returns whether a pod was left out that waits for its tokens: `touch` follows soon. */
  private compose(board: string, state: BoardState, { fresh }: { fresh: boolean }): { waiting: boolean } {
    const bound = this.pods.byIndex(nodeIndex, board);
    const sent = new Map<string, Pod>();
    const tokens: Secret[] = [];
    let waiting = false;
    for (const pod of bound) {
      const key = objectKey(pod);
      const own = this.tokens?.of(pod);
      // A pod waits for its tokens, which takes a moment, rather than for its board's next try.
      if (own && !own.ready && !state.sentPods.has(key)) {
        waiting = true;
        continue;
      }
      if (own) tokens.push(...own.secrets);
      const before = fresh ? undefined : state.sentPods.get(key);
      sent.set(key, before && sameForBoard(before, pod) ? before : pod);
    }
    state.sentPods = sent;
    state.needed = objectsNeededBy(bound);
    const objects: StateObject[] = [...this.neededObjects(state.needed)];
    for (const object of tokens) objects.push({ kind: 'Secret', object });
    for (const pod of sent.values()) objects.push({ kind: 'Pod', object: trimObject(pod) });
    state.publisher.replace(objects);
    return { waiting };
  }

  private *neededObjects(needed: NeededObjects): Iterable<StateObject> {
    for (const key of needed.configMaps) {
      const object = this.configMaps.get(key);
      if (object) yield { kind: 'ConfigMap', object: trimObject(object) };
    }
    for (const key of needed.secrets) {
      const object = this.secrets.get(key);
      if (object) yield { kind: 'Secret', object: trimObject(object) };
    }
    // By namespace, which is indexed: this runs for each change of each board.
    const inNamespaces = [...needed.namespaces].flatMap((namespace) => this.services.list(namespace));
    const apiServer = this.services.get(apiServerService);
    for (const object of new Set(apiServer && isServiceNeeded(needed, apiServer) ? [...inNamespaces, apiServer] : inNamespaces)) yield { kind: 'Service', object: trimObject(object) };
  }

  private send(board: string, state: BoardState, messages: readonly StateMessage[]): void {
    const { desired } = boardSubjects(board);
    for (const message of messages) {
      if (!this.options.connection.publish(desired, encodeMessage(message))) state.missed = true;
    }
  }
}

export function isAt({ epoch, revision }: StatePublisher, at: SyncRequest): boolean {
  return at.epoch === epoch && at.revision === revision;
}

/** A handler that only wants to know what was touched. */
export function onAny<T extends object>(touched: (object: T) => void): InformerHandler<T> {
  return {
    added: touched,
    updated: (previous, current) => {
      touched(previous);
      touched(current);
    },
    deleted: touched,
  };
}
