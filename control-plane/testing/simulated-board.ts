import type { Node, NodeStatus, Pod, PodStatus } from '../../api/core.ts';
import { decodeRegisterReply, decodeStateMessage, decodeStatusReply, encodeMessage } from '../../api/messaging/decode.ts';
import type { BoardNetwork, PodReport, StatusReply, StatusReport } from '../../api/messaging/messages.ts';
import { boardSubjects, networkSubject } from '../../api/messaging/subjects.ts';
import { systemClock, timestamp } from '../../machinery/clock.ts';
import { silentLogger } from '../../machinery/logger.ts';
import { readBoardCredentials } from '../../machinery/nats/board-credentials.ts';
import { connectBoard } from '../../machinery/nats/connect.ts';
import type { MessagingConnection } from '../../machinery/nats/messaging-connection.ts';
import { StateReceiver } from '../../machinery/nats/state-receiver.ts';

/** A board without Docker: speaks the whole protocol, runs nothing, reports what a test tells it to. */
export class SimulatedBoard {
  readonly name: string;
  readonly connection: MessagingConnection;
  readonly desired = new StateReceiver();
  readonly network = new StateReceiver();

  private constructor(name: string, connection: MessagingConnection) {
    this.name = name;
    this.connection = connection;
    const subjects = boardSubjects(name);
    const follow = (subject: string, receiver: StateReceiver, sync: string): void => {
      connection.subscribe(subject, (message) => {
        if (receiver.apply(decodeStateMessage(message.data)).outcome === 'needsSync') this.sync(receiver, sync);
      });
    };
    follow(subjects.desired, this.desired, subjects.sync);
    follow(networkSubject, this.network, subjects.networkSync);
    follow(subjects.network, this.network, subjects.networkSync);
    connection.onStatus((status) => {
      if (status !== 'connected') return;
      this.sync(this.desired, subjects.sync);
      this.sync(this.network, subjects.networkSync);
    });
  }

  static async connect(credentialsPath: string): Promise<SimulatedBoard> {
    const credentials = await readBoardCredentials(credentialsPath);
    const board = new SimulatedBoard(credentials.board, connectBoard(credentials, { clock: systemClock, logger: silentLogger, random: () => 0 }));
    await board.connection.connected();
    return board;
  }

  /** @throws Error with the control plane's words when it is refused. */
  async register(status: NodeStatus = {}): Promise<BoardNetwork> {
    const node: Node = {
      metadata: { name: this.name, labels: { 'kubernetes.io/hostname': this.name, 'kubernetes.io/arch': 'arm64', 'kubernetes.io/os': 'linux' } },
      status: { ...readyStatus(), ...status },
    };
    const reply = decodeRegisterReply(await this.request(boardSubjects(this.name).register, { node, agentVersion: '0.0.0' }));
    if (!reply.network) throw new Error(reply.error);
    const subjects = boardSubjects(this.name);
    this.sync(this.desired, subjects.sync);
    this.sync(this.network, subjects.networkSync);
    return reply.network;
  }

  heartbeat(): void {
    this.connection.publish(boardSubjects(this.name).heartbeat, encodeMessage({ e: this.desired.epoch, r: this.desired.revision }));
  }

  pods(): Pod[] {
    return this.desired.ofKind('Pod');
  }

  async report(report: StatusReport): Promise<StatusReply> {
    return decodeStatusReply(await this.request(boardSubjects(this.name).status, report));
  }

  reportOf({ metadata }: Pod, more: Partial<PodReport>): PodReport {
    return { namespace: metadata?.namespace ?? '', name: metadata?.name ?? '', uid: metadata?.uid ?? '', ...more };
  }

  close(): Promise<void> {
    return this.connection.close();
  }

  private sync(receiver: StateReceiver, subject: string): void {
    this.connection.publish(subject, encodeMessage({ epoch: receiver.epoch, revision: receiver.revision }));
  }

  private request(subject: string, message: object): Promise<Uint8Array> {
    return this.connection.request(subject, encodeMessage(message), { timeoutMs: 15_000 });
  }
}

/** What a healthy board says of itself: 4 cores, 4 GiB. */
export function readyStatus(): NodeStatus {
  const capacity = { cpu: '4', memory: '4Gi', 'ephemeral-storage': '30Gi', pods: '110' };
  const now = timestamp(systemClock.now());
  return {
    capacity, allocatable: capacity,
    addresses: [{ type: 'InternalIP', address: '203.0.113.10' }],
    conditions: [{ type: 'Ready', status: 'True', reason: 'KubeletReady', message: 'board is ready', lastTransitionTime: now, lastHeartbeatTime: now }],
  };
}

export function runningStatus(pod: Pod, podIP: string): PodStatus {
  const now = timestamp(systemClock.now());
  const condition = (type: string) => ({ type, status: 'True', lastTransitionTime: now });
  return {
    phase: 'Running', podIP, podIPs: [{ ip: podIP }], hostIP: '203.0.113.10', startTime: now,
    conditions: ['Initialized', 'Ready', 'ContainersReady'].map(condition),
    containerStatuses: (pod.spec?.containers ?? []).map(({ name, image = '' }) => ({
      name, image, imageID: image, ready: true, restartCount: 0, started: true, containerID: `docker://${name}`, state: { running: { startedAt: now } },
    })),
  };
}
