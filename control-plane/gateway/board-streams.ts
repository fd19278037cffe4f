import type { Pod } from '../../api/core.ts';
import { newServiceUnavailable, StatusError, type StatusReason } from '../../api/errors.ts';
import { decodeStreamReply, encodeMessage } from '../../api/messaging/decode.ts';
import type { AttachOptions, ExecOptions, LogOptions, StreamReply, StreamRequest } from '../../api/messaging/messages.ts';
import { boardSubjects } from '../../api/messaging/subjects.ts';
import type { Clock } from '../../machinery/clock.ts';
import { NoResponderError, NotConnectedError, type MessagingConnection } from '../../machinery/nats/messaging-connection.ts';
import { openStream } from '../../machinery/nats/nats-stream.ts';
import type { BoardStream } from '../../machinery/stream.ts';
import { BoardRefusal, type BoardStreamOpener } from '../apiserver/board-streams.ts';

export interface BoardStreamsOptions {
  connection: MessagingConnection;
  clock: Clock;
  /** A token of letters and digits that nobody guesses. */
  newId: () => string;
}

const openTimeoutMs = 15_000;

const reasons: Readonly<Record<number, StatusReason>> = {
  400: 'BadRequest', 403: 'Forbidden', 404: 'NotFound', 409: 'Conflict', 500: 'InternalError', 503: 'ServiceUnavailable', 504: 'Timeout',
};

/** Logs and commands of pods, and connections to them, over NATS. */
export class BoardStreams implements BoardStreamOpener {
  private readonly options: BoardStreamsOptions;

  constructor(options: BoardStreamsOptions) {
    this.options = options;
  }

  openLogs(pod: Pod, container: string, options: LogOptions): Promise<BoardStream> {
    return this.open(boardOf(pod), { ...this.target(pod, container), kind: 'logs', options });
  }

  openExec(pod: Pod, container: string, options: ExecOptions): Promise<BoardStream> {
    return this.open(boardOf(pod), { ...this.target(pod, container), kind: 'exec', options });
  }

  openAttach(pod: Pod, container: string, options: AttachOptions): Promise<BoardStream> {
    return this.open(boardOf(pod), { ...this.target(pod, container), kind: 'attach', options });
  }

  openPort(pod: Pod, port: number): Promise<BoardStream> {
    return this.open(boardOf(pod), { ...this.target(pod, ''), kind: 'port', options: { port } });
  }

  openLoopback(pod: Pod, port: number): Promise<BoardStream> {
    return this.open(boardOf(pod), { ...this.target(pod, ''), kind: 'port', options: { port, loopback: true } });
  }

  openNode(node: string, port: number): Promise<BoardStream> {
    return this.open(node, { ...this.target({}, ''), kind: 'node', options: { port } });
  }

  private target({ metadata }: Pod, container: string): Pick<StreamRequest, 'id' | 'namespace' | 'pod' | 'uid' | 'container'> {
    return { id: this.options.newId(), namespace: metadata?.namespace ?? '', pod: metadata?.name ?? '', uid: metadata?.uid ?? '', container };
  }

  /** Listens before it asks: the board may send as soon as it has answered. */
  private async open(board: string, request: StreamRequest): Promise<BoardStream> {
    const { connection, clock } = this.options;
    const subjects = boardSubjects(board);
    const stream = openStream(connection, { send: subjects.streamIn(request.id), receive: subjects.streamOut(request.id) }, { clock });
    try {
      const reply = decodeStreamReply(await connection.request(subjects.stream, encodeMessage(request), { timeoutMs: openTimeoutMs }));
      if (reply.error) throw refusal(reply.error);
      return stream;
    } catch (error) {
      // The board may have accepted and its answer be late: it is told that nobody is there.
      stream.close({ error: 'the stream could not be opened' });
      throw error instanceof StatusError ? error : unreachable(board, error);
    }
  }
}

function boardOf(pod: Pod): string {
  return pod.spec?.nodeName ?? '';
}

function unreachable(board: string, error: unknown): StatusError {
  const why = error instanceof NoResponderError ? 'is not connected'
    : error instanceof NotConnectedError ? 'cannot be reached: the control plane is not connected to NATS'
      : 'does not answer';
  const { status } = newServiceUnavailable(`node "${board}" ${why}`);
  return new StatusError(status, { cause: error });
}

/** In the board's words. */
function refusal({ code, message }: NonNullable<StreamReply['error']>): BoardRefusal {
  const known = reasons[code] ? code : 500;
  return new BoardRefusal({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason: reasons[known], code: known });
}
