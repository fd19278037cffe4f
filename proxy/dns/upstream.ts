/** Asks the machine's own resolvers what the cluster does not know. Queries go through as they came, under an id of ours. */
import { createSocket } from 'node:dgram';
import { readFile, stat } from 'node:fs/promises';
import { connect, isIPv4, isIPv6 } from 'node:net';
import type { Clock } from '../../machinery/clock.ts';

const timeoutMs = 2_000;
/** Questions under way at once; more are refused, so that a flood cannot use up the process. */
const inFlightLimit = 512;
const checkFileEveryMs = 5_000;

export class UpstreamError extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'UpstreamError';
  }
}

export class Upstream {
  private servers: string[] = [];
  private checkedAt = -Infinity;
  private fileVersion = '';
  private inFlight = 0;
  private readonly resolvConf: string;
  private readonly exclude: ReadonlySet<string>;
  private readonly clock: Clock;
  private readonly random: () => number;

  /** @param options.exclude our own addresses: a resolver that is ourselves would answer for ever. */
  constructor(options: { resolvConf: string; exclude: readonly string[]; clock: Clock; random: () => number }) {
    this.resolvConf = options.resolvConf;
    this.exclude = new Set(options.exclude);
    this.clock = options.clock;
    this.random = options.random;
  }

  /** One raw query to one raw response. Each server in turn. @throws UpstreamError */
  async ask(query: Buffer, protocol: 'udp' | 'tcp'): Promise<Buffer> {
    if (this.inFlight >= inFlightLimit) throw new UpstreamError('too many questions at once');
    this.inFlight += 1;
    try {
      const servers = await this.currentServers();
      let failure: unknown;
      for (const server of servers) {
        try {
          return await (protocol === 'udp' ? this.overUdp(query, server) : overTcp(query, server));
        } catch (error) {
          failure = error;
        }
      }
      throw new UpstreamError(servers.length === 0 ? `${this.resolvConf} names no resolver` : 'no resolver answered', { cause: failure });
    } finally {
      this.inFlight -= 1;
    }
  }

  /** The file is read again when it changed: a laptop or a board moves between networks. */
  private async currentServers(): Promise<string[]> {
    const now = this.clock.monotonic();
    if (now - this.checkedAt < checkFileEveryMs) return this.servers;
    this.checkedAt = now;
    try {
      const { mtimeMs, ino, size } = await stat(this.resolvConf);
      const version = `${mtimeMs} ${ino} ${size}`;
      if (version !== this.fileVersion) {
        this.servers = parseResolvConf(await readFile(this.resolvConf, 'utf8')).filter((server) => !this.exclude.has(server));
        this.fileVersion = version;
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw new UpstreamError(`cannot read ${this.resolvConf}`, { cause: error });
      this.servers = [];
    }
    return this.servers;
  }

  private overUdp(query: Buffer, server: string): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const socket = createSocket(isIPv6(server) ? 'udp6' : 'udp4');
      const id = Math.floor(this.random() * 65_536);
      const sent = Buffer.from(query);
      sent.writeUInt16BE(id, 0);
      const timer = this.clock.after(timeoutMs, () => finish(() => reject(new UpstreamError(`${server} did not answer within ${timeoutMs} ms`))));
      const finish = (settle: () => void): void => {
        timer.cancel();
        socket.close();
        settle();
      };
      socket.once('error', (error) => finish(() => reject(error)));
      socket.on('message', (reply) => {
        if (reply.length < 12 || reply.readUInt16BE(0) !== id) return;
        const response = Buffer.from(reply);
        response.writeUInt16BE(query.readUInt16BE(0), 0);
        finish(() => resolve(response));
      });
      // A connected socket hears only this server.
      socket.connect(53, server, () => socket.send(sent));
    });
  }
}

function overTcp(query: Buffer, server: string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: server, port: 53, autoSelectFamily: false, timeout: timeoutMs });
    let received = Buffer.alloc(0);
    const length = Buffer.alloc(2);
    length.writeUInt16BE(query.length, 0);
    socket.on('connect', () => socket.write(Buffer.concat([length, query])));
    socket.on('timeout', () => socket.destroy(new UpstreamError(`${server} did not answer within ${timeoutMs} ms`)));
    socket.on('error', reject);
    socket.on('close', () => reject(new UpstreamError(`${server} closed the connection`)));
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      if (received.length < 2 || received.length < 2 + received.readUInt16BE(0)) return;
      resolve(received.subarray(2, 2 + received.readUInt16BE(0)));
      socket.destroy();
    });
  });
}

/** `nameserver` lines of resolv.conf(5), at most three, as libc reads them. */
export function parseResolvConf(text: string): string[] {
  return text.split('\n')
    .map((line) => /^\s*nameserver\s+([^\s#;]+)/.exec(line)?.[1]?.replace(/%.*$/, ''))
    .filter((server): server is string => server !== undefined && (isIPv4(server) || isIPv6(server)))
    .slice(0, 3);
}
