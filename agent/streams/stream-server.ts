import type { Socket } from 'node:net';
import type { Pod, PodStatus } from '../../api/core.ts';
import { decodeStreamRequest, encodeMessage, MessageError } from '../../api/messaging/decode.ts';
import { boardSubjects, type BoardSubjects } from '../../api/messaging/subjects.ts';
import type { Clock } from '../../machinery/clock.ts';
import type { Logger } from '../../machinery/logger.ts';
import type { IncomingMessage, MessagingConnection } from '../../machinery/nats/messaging-connection.ts';
import { openStream } from '../../machinery/nats/nats-stream.ts';
import type { BoardStream } from '../../machinery/stream.ts';
import type { ContainerRuntime, RuntimeSandbox } from '../container-runtime/container-runtime.ts';
import type { DesiredState } from '../pods/desired-state.ts';
import { kubeletPort, type PortOptions, type StreamReply, type StreamRequest } from '../../api/messaging/messages.ts';
import { connectionChannels, StreamDuplex } from '../../machinery/stream-duplex.ts';
import { pumpAttach, pumpExec } from './exec-stream.ts';
import { containerForAttach, containerForExec, containerForLogs, type FindInput } from './find-container.ts';
import { pumpLogs, runtimeLogOptions } from './log-stream.ts';
import type { KubeletApi } from './kubelet-api.ts';
import type { LoopbackDialer } from './loopback-dialer/loopback-dialer.ts';
import { dial, pumpPort } from './port-stream.ts';
import { StreamOpenError } from './stream-error.ts';

/** Each holds a connection to the engine and up to three windows of memory. */
const maximumStreams = 32;
/** Connections to ports are many and short; each holds up to two windows. */
const maximumConnections = 128;

export interface StreamServerOptions {
  connection: MessagingConnection;
  board: string;
  runtime: Pick<ContainerRuntime, 'getPod' | 'logs' | 'exec' | 'attach'>;
  state: Pick<DesiredState, 'pod'>;
  /** The status the agent last made for a pod; without it, the one of the desired state. */
  podStatus?: (podUid: string) => PodStatus | undefined;
  /** The board's own address, and what it answers for itself. */
  host: { address: () => string; kubelet: Pick<KubeletApi, 'serve'> };
  /** To 127.0.0.1 in the network of a sandbox. */
  loopback: Pick<LoopbackDialer, 'dial' | 'stop'>;
  clock: Clock;
  log: Logger;
}

/**
 * Serves logs, commands and connections on the board's stream subject. INVARIANTS: the reply goes out once the engine, or the
 * far end of a connection, has agreed; at most maximumStreams and maximumConnections are open; every one ends with stop().
 */
export class StreamServer {
  private readonly options: StreamServerOptions;
  private readonly subjects: BoardSubjects;
  private readonly open = new Map<BoardStream, Room>();
  private readonly pumps = new Set<Promise<void>>();
  private readonly opening = { stream: 0, connection: 0 };
  private unsubscribe: (() => void) | undefined;

  constructor(options: StreamServerOptions) {
    this.options = options;
    this.subjects = boardSubjects(options.board);
  }

  start(): void {
    this.unsubscribe ??= this.options.connection.subscribe(this.subjects.stream, (message) => {
      void this.serve(message).catch((error: unknown) => this.options.log.error('stream request failed', { error }));
    });
  }

  async stop(): Promise<void> {
    this.unsubscribe?.();
    this.unsubscribe = undefined;
    this.options.loopback.stop();
    for (const stream of [...this.open.keys()]) stream.close({ error: 'the agent is stopping' });
    await Promise.all(this.pumps);
  }

  private async serve(message: IncomingMessage): Promise<void> {
    let reply: StreamReply = {};
    try {
      await this.accept(decodeStreamRequest(message.data));
    } catch (error) {
      reply = { error: { code: codeOf(error), message: (error as Error).message } };
    }
    message.respond(encodeMessage(reply));
  }

  private async accept(request: StreamRequest): Promise<void> {
    const room = roomOf(request);
    let used = this.opening[room];
    for (const other of this.open.values()) if (other === room) used++;
    if (used >= limits[room]) throw new StreamOpenError(503, `node ${this.options.board} has too many open streams`);
    this.opening[room]++;
    try {
      await this.begin(request);
    } finally {
      this.opening[room]--;
    }
  }

  private async begin(request: StreamRequest): Promise<void> {
    switch (request.kind) {
      case 'logs': return this.serveLogs(request, await this.find(request));
      case 'exec': return this.serveExec(request, await this.find(request));
      case 'attach': return this.serveAttach(request, await this.find(request));
      case 'port': return this.servePort(request, await this.find(request));
      case 'node': return this.serveNode(request);
    }
  }

  private async find(request: StreamRequest): Promise<FindInput> {
    const pod: Pod | undefined = this.options.state.pod(request.uid);
    if (!pod) throw new StreamOpenError(404, `pod ${JSON.stringify(request.pod)} not found`);
    const runtimePod = await this.options.runtime.getPod({ uid: request.uid, namespace: request.namespace, name: request.pod });
    return { pod, status: this.options.podStatus?.(request.uid) ?? pod.status, runtimePod, container: request.container };
  }

  private serveLogs(request: StreamRequest & { kind: 'logs' }, input: FindInput): void {
    const { runtime, clock } = this.options;
    const container = containerForLogs(input, request.options.previous);
    const stream = this.openFor(request);
    this.run(stream, pumpLogs(runtime, container.id, { log: runtimeLogOptions(request.options, clock), limitBytes: request.options.limitBytes }, stream));
  }

  private async serveExec(request: StreamRequest & { kind: 'exec' }, input: FindInput): Promise<void> {
    const { runtime, log } = this.options;
    const { command, stdin, tty } = request.options;
    const container = containerForExec(input);
    const session = await runtime.exec(container.id, { command, stdin, tty });
    const stream = this.openFor(request);
    this.run(stream, pumpExec(session, request.options, stream, log));
  }

  private async serveAttach(request: StreamRequest & { kind: 'attach' }, input: FindInput): Promise<void> {
    const { runtime, log } = this.options;
    const { container, tty } = containerForAttach(input);
    const session = await runtime.attach(container.id, { stdin: request.options.stdin, tty });
    const stream = this.openFor(request);
    this.run(stream, pumpAttach(session, request.options, stream, log));
  }

  private async servePort(request: StreamRequest & { kind: 'port' }, input: FindInput): Promise<void> {
    const sandbox = input.runtimePod?.sandboxes.find(({ phase }) => phase === 'running');
    if (!sandbox) throw new StreamOpenError(500, `sandbox of pod ${JSON.stringify(request.pod)} is not running`);
    const socket = await this.dialPod(input.pod, sandbox, request.options);
    const stream = this.openFor(request);
    this.run(stream, pumpPort(socket, stream));
  }

  /** A pod on the host's network has the board's addresses. */
  private dialPod({ spec }: Pod, { id, ip }: RuntimeSandbox, { port, loopback }: PortOptions): Promise<Socket> {
    if (!loopback) return dial(ip ?? this.options.host.address(), port);
    return spec?.hostNetwork ? dial('127.0.0.1', port) : this.options.loopback.dial(id, port);
  }

  private async serveNode(request: StreamRequest & { kind: 'node' }): Promise<void> {
    const { host } = this.options;
    if (request.options.port === kubeletPort) {
      host.kubelet.serve(new StreamDuplex(this.openFor(request), connectionChannels.server));
      return;
    }
    const socket = await dial(host.address(), request.options.port);
    const stream = this.openFor(request);
    this.run(stream, pumpPort(socket, stream));
  }

  private openFor(request: StreamRequest): BoardStream {
    const { connection, clock } = this.options;
    const stream = openStream(connection, { send: this.subjects.streamOut(request.id), receive: this.subjects.streamIn(request.id) }, { clock });
    this.open.set(stream, roomOf(request));
    void stream.closed.then(() => this.open.delete(stream));
    return stream;
  }

  private run(stream: BoardStream, pump: Promise<void>): void {
    const running = pump.catch((error: unknown) => {
      this.options.log.error('stream failed', { error });
      stream.close({ error: (error as Error).message });
    }).finally(() => this.pumps.delete(running));
    this.pumps.add(running);
  }
}

type Room = 'stream' | 'connection';

const limits: Readonly<Record<Room, number>> = { stream: maximumStreams, connection: maximumConnections };

function roomOf({ kind }: StreamRequest): Room {
  return kind === 'port' || kind === 'node' ? 'connection' : 'stream';
}

function codeOf(error: unknown): number {
  if (error instanceof StreamOpenError) return error.code;
  return error instanceof MessageError ? 400 : 500;
}
