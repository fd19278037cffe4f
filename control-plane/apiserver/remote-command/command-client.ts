/** One command between a client, whatever protocol it speaks, and a board's stream. */
import type { Status } from '../../../api/meta.ts';
import { channels, type BoardStream } from '../../../machinery/stream.ts';
import { execStatus } from './exec-status.ts';

/** Channels of what a command writes. */
export type OutputChannel = typeof channels.stdout | typeof channels.stderr;

export interface CommandInput {
  /** The client sends no more until it resolves. Does not reject. */
  stdin(data: Uint8Array): Promise<void>;
  endStdin(): void;
  resize(width: number, height: number): void;
}

/** The client's end of a command. */
export interface CommandClient {
  /** What the client sent before is given now. */
  receive(input: CommandInput): void;
  /** Resolves when there is room for more, or the client is gone. */
  write(channel: OutputChannel, data: Uint8Array): Promise<void>;
  /** Says how the command ended and closes the connection. */
  finish(status: Status): Promise<void>;
  /** Resolves when the client is gone. */
  readonly closed: Promise<unknown>;
}

/** Resolves when both sides are done. */
export async function joinCommand(client: CommandClient, stream: BoardStream, { stdin }: { stdin: boolean }): Promise<void> {
  client.receive({
    // A write fails only once the stream is closed, and that is reported by stream.closed.
    stdin: (data) => (stdin ? stream.write(channels.stdin, data).catch(() => {}) : Promise.resolve()),
    endStdin: () => { if (stdin) stream.end(channels.stdin); },
    resize: (width, height) => stream.resize(width, height),
  });
  stream.onData((channel, data) => (channel === channels.stdin ? undefined : client.write(channel, data)));
  try {
    const result = await Promise.race([stream.closed, client.closed.then(() => undefined)]);
    if (result) await client.finish(execStatus(result));
  } finally {
    stream.close({});
  }
}

/** @returns undefined for what nobody can read: it changes nothing. */
export function parseTerminalSize(text: string): { width: number; height: number } | undefined {
  try {
    const { Width: width, Height: height } = JSON.parse(text) as { Width?: unknown; Height?: unknown };
    return isSize(width) && isSize(height) ? { width, height } : undefined;
  } catch {
    return undefined;
  }
}

/** As uint16 has it. */
function isSize(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 65_535;
}
