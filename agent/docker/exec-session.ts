/** Processes in containers, run or attached to: their streams as Docker gives them. */
import { PassThrough, type Readable, type Writable } from 'node:stream';
import type { Clock } from '../../machinery/clock.ts';
import type { AttachSession, ExecSession } from '../container-runtime/container-runtime.ts';
import type { DockerClient, DuplexStream } from './docker-client.ts';
import { Demultiplexer } from './demultiplex.ts';
import { runtimeError } from './errors.ts';

/** How long to wait for the exit code after the output ended: the engine may learn of the end a moment later. */
const exitPollMs = 20;
const exitDeadlineMs = 10_000;

/** What a process said last comes with the end of its connection, in milliseconds. */
const lastWordsMs = 500;

interface SessionOptions {
  stdin: boolean;
  tty: boolean;
}

export async function openExec(client: DockerClient, clock: Clock, containerId: string, options: SessionOptions & { command: readonly string[] }): Promise<ExecSession> {
  try {
    const execId = await client.createExec(containerId, options);
    return new DockerExecSession(client, clock, execId, await client.startExec(execId, options), options);
  } catch (error) {
    throw runtimeError('ExecFailed', error);
  }
}

/** @throws RuntimeError also where the container has ended by then: Docker would wait until it is started once more. */
export async function openAttach(client: DockerClient, clock: Clock, containerId: string, options: SessionOptions): Promise<AttachSession> {
  try {
    const session = new DockerSession(await client.attachContainer(containerId, options), options, (width, height) => client.resizeContainer(containerId, width, height));
    const { State } = await client.inspectContainer(containerId);
    if (!State.Running && !await session.hasSaidSomething(clock)) {
      session.close();
      throw new Error('the container has ended');
    }
    return session;
  } catch (error) {
    throw runtimeError('AttachFailed', error);
  }
}

class DockerSession implements AttachSession {
  readonly stdin?: Writable;
  readonly stdout: Readable;
  readonly stderr?: Readable;
  readonly resize: (width: number, height: number) => Promise<void>;
  protected readonly ended: Promise<void>;
  private readonly connection: DuplexStream;

  constructor(connection: DuplexStream, options: SessionOptions, resize: (width: number, height: number) => Promise<void>) {
    this.connection = connection;
    this.resize = resize;
    const stdout = new PassThrough();
    const stderr = options.tty ? undefined : new PassThrough();
    this.stdout = stdout;
    if (stderr) this.stderr = stderr;
    if (options.stdin) this.stdin = connection as unknown as Writable;
    this.ended = this.forward(stdout, stderr);
  }

  close(): void {
    this.connection.destroy();
  }

  /** Whether it was in time for the last words, or the end, of a process that has ended. */
  async hasSaidSomething(clock: Clock): Promise<boolean> {
    const over = await Promise.race([this.ended.then(() => true), clock.sleep(lastWordsMs).then(() => false)]);
    return over || this.stdout.readableLength > 0 || (this.stderr?.readableLength ?? 0) > 0;
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

class DockerExecSession extends DockerSession implements ExecSession {
  private readonly client: DockerClient;
  private readonly clock: Clock;
  private readonly execId: string;

  constructor(client: DockerClient, clock: Clock, execId: string, connection: DuplexStream, options: SessionOptions) {
    super(connection, options, (width, height) => client.resizeExec(execId, width, height));
    this.client = client;
    this.clock = clock;
    this.execId = execId;
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
