/**
 * How the API server reaches boards: logs, commands and connections as byte streams. The board gateway implements it over
 * NATS.
 */
import type { Pod } from '../../api/core.ts';
import { StatusError } from '../../api/errors.ts';
import type { Status } from '../../api/meta.ts';
import type { AttachOptions, ExecOptions, LogOptions } from '../../api/messaging/messages.ts';
import type { BoardStream } from '../../machinery/stream.ts';

export type { AttachOptions, ExecOptions, LogOptions };

/**
 * The methods take a pod that is bound to a node and a container that its spec names, and resolve when the board has
 * accepted the stream. They throw BoardRefusal when it refuses (the code and sentence are the board's: a container that has
 * not started is a 400) and another StatusError, ServiceUnavailable, when the board is not connected.
 */
export interface BoardStreamOpener {
  /** The log comes on the stdout channel; the stream closes at its end. */
  openLogs(pod: Pod, container: string, options: LogOptions): Promise<BoardStream>;
  /** Closes with the exit code of the command. */
  openExec(pod: Pod, container: string, options: ExecOptions): Promise<BoardStream>;
  /** Closes when the container has ended. */
  openAttach(pod: Pod, container: string, options: AttachOptions): Promise<BoardStream>;
  /** A TCP connection to a port of the pod: stdin to it, stdout from it. */
  openPort(pod: Pod, port: number): Promise<BoardStream>;
  /** The same to 127.0.0.1 in the pod's network, where programs listen that only their pod is to reach. */
  openLoopback(pod: Pod, port: number): Promise<BoardStream>;
  /** The same to a port of the board itself; `kubeletPort` is answered by its agent. */
  openNode(node: string, port: number): Promise<BoardStream>;
}

/** In the board's words, which clients of a kubelet get as they are. */
export class BoardRefusal extends StatusError {
  constructor(status: Status) {
    super(status);
    this.name = 'BoardRefusal';
  }
}
