import { encodeMessage } from '../../api/messaging/decode.ts';
import type { StateMessage, StateObject, SyncRequest } from '../../api/messaging/messages.ts';
import { boardSubjects, networkSubject } from '../../api/messaging/subjects.ts';
import type { KubernetesObject } from '../../api/meta.ts';
import { endpointSlices, nodes, services } from '../../api/resources.ts';
import type { Clock } from '../../machinery/clock.ts';
import type { MessagingConnection } from '../../machinery/nats/messaging-connection.ts';
import { StatePublisher } from '../../machinery/nats/state-publisher.ts';
import { stateKeyOf } from '../../machinery/nats/state-key.ts';
import type { InformerHandler } from '../../machinery/informer.ts';
import type { SharedInformers } from '../controllers/shared-informers.ts';
import { Coalescer } from './coalescer.ts';
import { isAt } from './desired-states.ts';
import { trimNode, trimObject } from './trim-objects.ts';

export interface NetworkStateOptions {
  informers: SharedInformers;
  connection: Pick<MessagingConnection, 'publish'>;
  clock: Clock;
  newEpoch: () => string;
}

/** Every board hears every change: a burst of endpoints is worth waiting for. */
const intervalMs = 100;

/** What every proxy needs: all Services and EndpointSlices, and where the pods of each Node are. The same for all boards. */
export class NetworkState {
  private readonly options: NetworkStateOptions;
  private readonly publisher: StatePublisher;
  private readonly coalescer: Coalescer;
  /** A delta was lost for want of a connection. */
  private missed = false;

  constructor(options: NetworkStateOptions) {
    this.options = options;
    this.publisher = new StatePublisher({ epoch: options.newEpoch() });
    this.coalescer = new Coalescer({ clock: options.clock, intervalMs, run: () => this.sendDelta() });
    options.informers.of(services).addHandler(this.follow((object) => ({ kind: 'Service', object: trimObject(object) })));
    options.informers.of(endpointSlices).addHandler(this.follow((object) => ({ kind: 'EndpointSlice', object: trimObject(object) })));
    options.informers.of(nodes).addHandler(this.follow((object) => ({ kind: 'Node', object: trimNode(object) })));
  }

  /** Answers a board's network SyncRequest: with everything, unless it has it. */
  sync(board: string, request: SyncRequest): void {
    this.coalescer.runNow();
    if (!isAt(this.publisher, request)) this.send(boardSubjects(board).network, this.publisher.full());
  }

  /** The control plane is connected again; boards whose own connection held would not ask. */
  reconnected(): void {
    this.coalescer.runNow();
    if (!this.missed) return;
    this.missed = false;
    this.send(networkSubject, this.publisher.full());
  }

  stop(): void {
    this.coalescer.cancel();
  }

  private follow<T extends KubernetesObject>(convert: (object: T) => StateObject): InformerHandler<T> {
    const upsert = (object: T): void => { if (this.publisher.upsert(convert(object))) this.coalescer.request(); };
    return {
      added: upsert,
      updated: (_previous, current) => upsert(current),
      deleted: (object) => { if (this.publisher.remove(stateKeyOf(convert(object)))) this.coalescer.request(); },
    };
  }

  private sendDelta(): void {
    this.send(networkSubject, this.publisher.flush());
  }

  private send(subject: string, messages: readonly StateMessage[]): void {
    for (const message of messages) {
      if (!this.options.connection.publish(subject, encodeMessage(message))) this.missed = true;
    }
  }
}
