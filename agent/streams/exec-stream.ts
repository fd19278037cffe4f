import type { Readable, Writable } from 'node:stream';
import type { Logger } from '../../machinery/logger.ts';
import { channels, type BoardStream, type Channel, type StreamClose } from '../../machinery/stream.ts';
import type { AttachSession, ExecSession } from '../container-runtime/container-runtime.ts';

interface Wanted {
  stdout: boolean;
  stderr: boolean;
}

/** Joins a running command to its stream, both ways at the pace of the reader. Resolves when either has ended. */
export function pumpExec(session: ExecSession, wanted: Wanted, stream: BoardStream, log: Logger): Promise<void> {
  return pump({ session, wanted, log, result: async () => ({ exitCode: await session.wait() }) }, stream);
}

/** The same of a container's own process. Who attaches does not learn how it ended: that is in the pod's status. */
export function pumpAttach(session: AttachSession, wanted: Wanted, stream: BoardStream, log: Logger): Promise<void> {
  return pump({ session, wanted, log, result: () => Promise.resolve({}) }, stream);
}

async function pump({ session, wanted, log, result }: { session: AttachSession; wanted: Wanted; log: Logger; result: () => Promise<StreamClose> }, stream: BoardStream): Promise<void> {
  void stream.closed.then(() => session.close());
  joinInput(session, stream);
  stream.onResize((width, height) => {
    // The command may have ended in between.
    session.resize(width, height).catch((error: unknown) => log.debug('terminal not resized', { error }));
  });
  try {
    await Promise.all([
      joinOutput(session.stdout, channels.stdout, wanted.stdout, stream),
      ...(session.stderr ? [joinOutput(session.stderr, channels.stderr, wanted.stderr, stream)] : []),
    ]);
    stream.close(await result());
  } catch (error) {
    stream.close({ error: (error as Error).message });
  } finally {
    session.close();
  }
}

function joinInput(session: AttachSession, stream: BoardStream): void {
  const { stdin } = session;
  // A command that reads no more closes its end; its output and exit code tell the rest.
  stdin?.on('error', () => {});
  stream.onData(async (channel, data) => {
    if (channel === channels.stdin && stdin) await written(stdin, data);
  });
  stream.onEnd((channel) => {
    if (channel === channels.stdin) stdin?.end();
  });
}

function written(stdin: Writable, data: Uint8Array): Promise<void> | void {
  if (stdin.destroyed || stdin.writableEnded || stdin.write(data)) return;
  return new Promise((resolve) => {
    const done = () => {
      stdin.off('drain', done);
      stdin.off('close', done);
      resolve();
    };
    stdin.on('drain', done);
    stdin.on('close', done);
  });
}

/** What nobody wants is read and dropped, so that the command does not wait for a reader. */
async function joinOutput(output: Readable, channel: Channel, wanted: boolean, stream: BoardStream): Promise<void> {
  for await (const data of output as AsyncIterable<Buffer>) {
    if (wanted) await stream.write(channel, data);
  }
  if (wanted) stream.end(channel);
}
