/**
 * DockerClient over dockerode. dockerode loads SSH, gRPC and protobuf libraries that nothing here uses (about 20 MB):
 * the bundle leaves them out, and this module is imported only where Docker is really talked to.
 */
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import Dockerode from 'dockerode';
import type { DockerClient, DuplexStream, EngineEvent, Filters, LogQuery } from './docker-client.ts';

/** Without it the engine waits for Ctrl-P Ctrl-Q, and Ctrl-P is a key people press. Nobody presses these. */
const detachKeys = 'ctrl-^,ctrl-_,ctrl-^,ctrl-_';

const defaultHost = 'unix:///var/run/docker.sock';

/**
 * Makes a client; connects only when used.
 * @param host `unix:///path`, `tcp://host:port` or `http://host:port`; Docker's usual socket when absent.
 * @throws RangeError for another scheme.
 */
export function createDockerClient(host: string = defaultHost): DockerClient {
  return new DockerodeClient(new Dockerode(connectionOptions(host)));
}

function connectionOptions(host: string): Dockerode.DockerOptions {
  const url = URL.canParse(host) ? new URL(host) : undefined;
  switch (url?.protocol) {
    case 'unix:': return { socketPath: url.pathname };
    case 'tcp:':
    case 'http:': return { host: url.hostname, port: url.port || '2375', protocol: 'http' };
    default: throw new RangeError(`not a Docker address: ${host} (expected unix:///path or tcp://host:port)`);
  }
}

/** The part of docker-modem that is called directly. */
interface Modem {
  dial(call: object, done: (error: Error | null, stream: Readable) => void): void;
}

class DockerodeClient implements DockerClient {
  private readonly docker: Dockerode;

  constructor(docker: Dockerode) {
    this.docker = docker;
  }

  listContainers(filters: Filters) {
    return this.docker.listContainers({ all: true, filters: encode(filters) });
  }

  inspectContainer(id: string) {
    return this.docker.getContainer(id).inspect();
  }

  async createContainer(spec: Dockerode.ContainerCreateOptions & { name: string }) {
    const container = await this.docker.createContainer(spec);
    return container.id;
  }

  async startContainer(id: string) {
    await this.docker.getContainer(id).start();
  }

  async stopContainer(id: string, seconds: number) {
    await this.docker.getContainer(id).stop({ t: seconds });
  }

  async removeContainer(id: string) {
    await this.docker.getContainer(id).remove({ force: true, v: true });
  }

  async createExec(id: string, options: { command: readonly string[]; stdin: boolean; tty: boolean }) {
    const exec = await this.docker.getContainer(id).exec({
      Cmd: [...options.command], AttachStdin: options.stdin, AttachStdout: true, AttachStderr: true, Tty: options.tty,
      ...(options.tty ? { DetachKeys: detachKeys } : {}),
    });
    return exec.id;
  }

  async startExec(execId: string, options: { stdin: boolean; tty: boolean }): Promise<DuplexStream> {
    return this.docker.getExec(execId).start({ hijack: true, stdin: options.stdin, Tty: options.tty });
  }

  async attachContainer(id: string, { stdin }: { stdin: boolean }): Promise<DuplexStream> {
    // A socket, as with exec, though its types say less.
    return await this.docker.getContainer(id).attach({ stream: true, hijack: true, stdin, stdout: true, stderr: true, detachKeys }) as DuplexStream;
  }

  async resizeContainer(id: string, width: number, height: number) {
    await this.docker.getContainer(id).resize({ w: width, h: height });
  }

  async resizeExec(execId: string, width: number, height: number) {
    await this.docker.getExec(execId).resize({ w: width, h: height });
  }

  async inspectExec(execId: string) {
    const { Running, ExitCode } = await this.docker.getExec(execId).inspect();
    return { running: Running, exitCode: ExitCode ?? undefined };
  }

  /** Not dockerode's own method: without follow that one reads the whole log into memory. */
  containerLogs(id: string, query: LogQuery, signal: AbortSignal): Promise<Readable> {
    const options = {
      stdout: true, stderr: true, follow: query.follow, timestamps: query.timestamps,
      ...(query.tail === undefined ? {} : { tail: query.tail }), ...(query.since === undefined ? {} : { since: query.since }),
    };
    const modem = this.docker.modem as Modem;
    return new Promise((resolve, reject) => {
      const call = {
        path: `/containers/${encodeURIComponent(id)}/logs?`, method: 'GET', isStream: true, abortSignal: signal, options,
        statusCodes: { 200: true, 404: 'no such container', 409: 'container is marked for removal', 500: 'server error' },
      };
      modem.dial(call, (error, stream) => {
        if (error) reject(error);
        else resolve(stream);
      });
    });
  }

  inspectImage(reference: string) {
    return this.docker.getImage(reference).inspect();
  }

  listImages() {
    return this.docker.listImages();
  }

  async pullImage(reference: string, credentials: Dockerode.AuthConfigObject | undefined, signal: AbortSignal) {
    const options = credentials ? { authconfig: credentials, abortSignal: signal } : { abortSignal: signal };
    await consumeProgress(await this.docker.pull(reference, options), signal);
  }

  async removeImage(id: string) {
    await this.docker.getImage(id).remove();
  }

  async importImage(archive: Readable, options: Parameters<DockerClient['importImage']>[1]) {
    const { repository, tag, changes, platform } = options;
    const progress = await this.docker.importImage(archive, {
      repo: repository, tag, changes: [...changes], ...(platform ? { platform } : {}),
    });
    await consumeProgress(progress);
  }

  listNetworks(filters: Filters) {
    return this.docker.listNetworks({ filters: encode(filters) });
  }

  async inspectNetwork(name: string) {
    const details: unknown = await this.docker.getNetwork(name).inspect();
    return details as Dockerode.NetworkInspectInfo;
  }

  async createNetwork(spec: Dockerode.NetworkCreateOptions) {
    const network = await this.docker.createNetwork(spec);
    return network.id;
  }

  async removeNetwork(id: string) {
    await this.docker.getNetwork(id).remove();
  }

  async *events(filters: Filters, signal: AbortSignal): AsyncGenerator<EngineEvent> {
    const stream = await this.docker.getEvents({ filters: encode(filters), abortSignal: signal });
    for await (const event of jsonLines(stream, signal)) yield event as EngineEvent;
    if (!signal.aborted) throw new Error('the event stream of Docker ended');
  }

  async version() {
    const { Version, ApiVersion, Arch } = await this.docker.version();
    return { version: Version, apiVersion: ApiVersion, architecture: Arch };
  }
}

function encode(filters: Filters): string {
  return JSON.stringify(filters);
}

/** Reads the progress of a pull or import; its last word is an error or nothing. */
async function consumeProgress(stream: NodeJS.ReadableStream, signal?: AbortSignal): Promise<void> {
  for await (const line of jsonLines(stream, signal)) {
    const { error } = line as { error?: string };
    if (error !== undefined) throw new Error(error);
  }
}

async function* jsonLines(stream: NodeJS.ReadableStream, signal?: AbortSignal): AsyncGenerator {
  const readable = stream as unknown as Readable;
  const onAbort = () => readable.destroy();
  signal?.addEventListener('abort', onAbort, { once: true });
  // An error of the stream has to be heard also while the consumer is busy with a line.
  let failure: Error | undefined;
  readable.on('error', (error: Error) => { failure = error; });
  try {
    for await (const line of createInterface({ input: readable, crlfDelay: Infinity })) {
      if (line !== '') yield JSON.parse(line) as unknown;
    }
    if (failure !== undefined && !signal?.aborted) throw failure;
  } finally {
    signal?.removeEventListener('abort', onAbort);
    readable.destroy();
  }
}
