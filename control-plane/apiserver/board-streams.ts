/**
 * How the API server reaches a pod's board: logs and commands as byte streams. The board gateway implements it over NATS.
 */
import type { Pod } from '../../api/core.ts';
import type { ExecOptions, LogOptions } from '../../api/messaging/messages.ts';
import type { BoardStream } from '../../machinery/stream.ts';

export type { ExecOptions, LogOptions };

/**
 * Both methods take a pod that is bound to a node and a container that its spec names, and resolve when the board has
 * accepted the stream. They throw StatusError when it refuses (the code and sentence are the board's: a container that has
 * not started is a 400) and ServiceUnavailable when the board is not connected.
 */
export interface BoardStreamOpener {
  /** The log comes on the stdout channel; the stream closes at its end. */
  openLogs(pod: Pod, container: string, options: LogOptions): Promise<BoardStream>;
  /** Closes with the exit code of the command. */
  openExec(pod: Pod, container: string, options: ExecOptions): Promise<BoardStream>;
}
