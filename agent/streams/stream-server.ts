import type { Pod, PodStatus } from '../../api/core.ts';
import { decodeStreamRequest, encodeMessage, MessageError } from '../../api/messaging/decode.ts';
import type { StreamReply, StreamRequest } from '../../api/messaging/messages.ts';
import { boardSubjects, type BoardSubjects } from '../../api/messaging/subjects.ts';
import type { Clock } from '../../machinery/clock.ts';
import type { Logger } from '../../machinery/logger.ts';
import type { IncomingMessage, MessagingConnection } from '../../machinery/nats/messaging-connection.ts';
import { openStream } from '../../machinery/nats/nats-stream.ts';
import type { BoardStream } from '../../machinery/stream.ts';
import type { ContainerRuntime } from '../container-runtime/container-runtime.ts';
import type { DesiredState } from '../pods/desired-state.ts';
import { pumpExec } from './exec-stream.ts';
import { containerForExec, containerForLogs, type FindInput } from './find-container.ts';
import { pumpLogs, runtimeLogOptions } from './log-stream.ts';
import { StreamOpenError } from './stream-error.ts';

/** Each holds a connection to the engine and up to three windows of memory. */
const maximumStreams = 32;

export interface StreamServerOptions {
  connection: MessagingConnection;
  board: string;
  runtime: Pick<ContainerRuntime, 'getPod' | 'logs' | 'exec'>;
  state: Pick<DesiredState, 'pod'>;
  /** The status the agent last made for a pod; without it, the one of the desired state. */
  podStatus?: (podUid: string) => PodStatus | undefined;
  clock: Clock;
  log: Logger;
}

/**
 * Serves logs and commands on the board's stream subject. INVARIANTS: the reply goes out once the engine has agreed; at most
 * maximumStreams are open; every open stream ends with stop().
 */
export class StreamServer {
  private readonly options: StreamServerOptions;
  private readonly subjects: BoardSubjects;
  private readonly open = new Set<BoardStream>();
  private readonly pumps = new Set<Promise<void>>();
  private opening = 0;
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
    for (const stream of this.open) stream.close({ error: 'the agent is stopping' });
    await Promise.all(this.pumps);
  }

  private async serve(message: IncomingMessage): Promise<void> {
    let reply: StreamReply = {};
    this.opening++;
    try {
      await this.accept(decodeStreamRequest(message.data));
    } catch (error) {
      reply = { error: { code: codeOf(error), message: (error as Error).message } };
    } finally {
      this.opening--;
    }
    message.respond(encodeMessage(reply));
  }

  private async accept(request: StreamRequest): Promise<void> {
    if (this.open.size + this.opening > maximumStreams) throw new StreamOpenError(503, `node ${this.options.board} has too many open streams`);
    const input = await this.find(request);
    if (request.kind === 'logs') this.serveLogs(request, input);
    else await this.serveExec(request, input);
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

  private openFor(request: StreamRequest): BoardStream {
    const { connection, clock } = this.options;
    const stream = openStream(connection, { send: this.subjects.streamOut(request.id), receive: this.subjects.streamIn(request.id) }, { clock });
    this.open.add(stream);
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

function codeOf(error: unknown): number {
  if (error instanceof StreamOpenError) return error.code;
  return error instanceof MessageError ? 400 : 500;
}
