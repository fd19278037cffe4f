/** A command run in a container: its streams as Docker's exec gives them. */
import { PassThrough, type Readable, type Writable } from 'node:stream';
import type { Clock } from '../../machinery/clock.ts';
import type { ExecSession } from '../container-runtime/container-runtime.ts';
import type { DockerClient, DuplexStream } from './docker-client.ts';
import { Demultiplexer } from './demultiplex.ts';
import { runtimeError } from './errors.ts';

/** How long to wait for the exit code after the output ended: the engine may learn of the end a moment later. */
const exitPollMs = 20;
const exitDeadlineMs = 10_000;

export async function openExec(
  client: DockerClient, clock: Clock, containerId: string, options: { command: readonly string[]; stdin: boolean; tty: boolean },
): Promise<ExecSession> {
  try {
    const execId = await client.createExec(containerId, options);
    return new DockerExecSession(client, clock, execId, await client.startExec(execId, options), options);
  } catch (error) {
    throw runtimeError('ExecFailed', error);
  }
}

class DockerExecSession implements ExecSession {
  readonly stdin?: Writable;
  readonly stdout: Readable;
  readonly stderr?: Readable;
  private readonly client: DockerClient;
  private readonly clock: Clock;
  private readonly execId: string;
  private readonly connection: DuplexStream;
  private readonly ended: Promise<void>;

  constructor(client: DockerClient, clock: Clock, execId: string, connection: DuplexStream, options: { stdin: boolean; tty: boolean }) {
    this.client = client;
    this.clock = clock;
    this.execId = execId;
    this.connection = connection;
    const stdout = new PassThrough();
    const stderr = options.tty ? undefined : new PassThrough();
    this.stdout = stdout;
    if (stderr) this.stderr = stderr;
    if (options.stdin) this.stdin = connection as unknown as Writable;
    this.ended = this.forward(stdout, stderr);
  }

  resize(width: number, height: number): Promise<void> {
    return this.client.resizeExec(this.execId, width, height);
  }

  async wait(): Promise<number> {
    await this.ended;
    const deadline = this.clock.monotonic() + exitDeadlineMs;
    for (;;) {
      const { running, exitCode } = await this.client.inspectExec(this.execId);
      if (!running && exitCode !== undefined) return exitCode;
      if (this.clock.monotonic() > deadline) throw new Error('the command closed its output but has not ended');
      await this.clock.sleep(exitPollMs);
    }
  }

  close(): void {
    this.connection.destroy();
  }

  /** Copies the connection to the outputs at the pace of their readers. Resolves when it has ended, for whatever reason. */
  private async forward(stdout: PassThrough, stderr: PassThrough | undefined): Promise<void> {
    const demultiplexer = new Demultiplexer();
    try {
      for await (const data of this.connection as AsyncIterable<Buffer>) {
        if (!stderr) {
          await written(stdout, data);
          continue;
        }
        for (const chunk of demultiplexer.push(data)) await written(chunk.stream === 'stderr' ? stderr : stdout, chunk.data);
      }
    } catch (error) {
      // A broken connection ends the session; close() breaks it on purpose. wait() then tells how the command ended.
      if (!(error instanceof Error)) throw error;
    }
    stdout.end();
    stderr?.end();
  }
}

async function written(stream: PassThrough, data: Buffer): Promise<void> {
  if (stream.destroyed || stream.write(data)) return;
  await new Promise<void>((resolve) => {
    const done = () => {
      stream.off('drain', done);
      stream.off('close', done);
      resolve();
    };
    stream.on('drain', done);
    stream.on('close', done);
  });
}
