/** Cluster DNS on UDP and TCP: names of Services from memory, everything else from the machine's resolvers. */
import { createSocket, type RemoteInfo, type Socket as UdpSocket } from 'node:dgram';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { decode, encode, type Answer, type Packet, type RecordType } from 'dns-packet';
import type { Clock } from '../../machinery/clock.ts';
import type { Logger } from '../../machinery/logger.ts';
import { answerQuestion, headerFlags, makeResponse, responseCodes, type LocalAnswer, type ZoneOptions } from './answer-query.ts';
import type { ClusterRecords } from './service-records.ts';
import { UpstreamError, type Upstream } from './upstream.ts';

/** Without EDNS a UDP answer has at most 512 bytes (RFC 1035); with it, more would be cut into fragments. */
const plainUdpBytes = 512;
const largestUdpBytes = 1_232;
const tcpConnectionLimit = 64;
const tcpIdleMs = 10_000;

export interface DnsServerOptions {
  address: string;
  port: number;
  zone: ZoneOptions;
  records: () => ClusterRecords;
  upstream: Upstream;
  clock: Clock;
  logger: Logger;
}

export class DnsServer {
  private readonly options: DnsServerOptions;
  private udp: UdpSocket;
  private readonly tcp: Server;
  private readonly connections = new Set<Socket>();

  constructor(options: DnsServerOptions) {
    this.options = options;
    this.udp = createSocket('udp4');
    this.tcp = createServer({ noDelay: true }, (socket) => this.acceptConnection(socket));
    this.tcp.maxConnections = tcpConnectionLimit;
  }

  /**
   * Listens on its port, or on any free one where a program of the board has it on every address (Pi-hole, dnsmasq).
   * Rejects with the system's error when neither can be had.
   */
  async start(): Promise<void> {
    await this.bindUdp(this.options.port).catch((error: unknown) => this.bindUdp(otherPort(error)));
    await this.listenTcp(this.options.port).catch((error: unknown) => this.listenTcp(otherPort(error)));
  }

  /** Where it listens. */
  get ports(): { udp: number; tcp: number } {
    return { udp: this.udp.address().port, tcp: (this.tcp.address() as AddressInfo).port };
  }

  private bindUdp(port: number): Promise<void> {
    const udp = createSocket('udp4');
    this.udp.close();
    this.udp = udp;
    udp.on('message', (message, from) => void this.receiveDatagram(message, from));
    return new Promise((resolve, reject) => {
      udp.once('error', reject);
      udp.bind({ address: this.options.address, port, exclusive: true }, () => {
        udp.off('error', reject);
        udp.on('error', (error) => this.options.logger.warn('DNS socket failed', { error }));
        resolve();
      });
    });
  }

  private listenTcp(port: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const listening = (): void => {
        this.tcp.off('error', failed);
        this.tcp.on('error', (error) => this.options.logger.warn('DNS listener failed', { error }));
        resolve();
      };
      const failed = (error: Error): void => {
        this.tcp.off('listening', listening);
        reject(error);
      };
      this.tcp.once('error', failed);
      this.tcp.once('listening', listening);
      this.tcp.listen({ host: this.options.address, port, exclusive: true });
    });
  }

  async stop(): Promise<void> {
    for (const socket of this.connections) socket.destroy();
    await Promise.all([
      new Promise<void>((resolve) => this.udp.close(() => resolve())),
      new Promise<void>((resolve) => this.tcp.close(() => resolve())),
    ]);
  }

  private async receiveDatagram(message: Buffer, from: RemoteInfo): Promise<void> {
    const response = await this.respond(message, 'udp');
    if (!response) return;
    this.udp.send(response, from.port, from.address, (error) => {
      if (error) this.options.logger.debug('DNS answer lost', { client: from.address, error });
    });
  }

  private acceptConnection(socket: Socket): void {
    this.connections.add(socket);
    let received = Buffer.alloc(0);
    let answering = Promise.resolve();
    socket.setTimeout(tcpIdleMs, () => socket.destroy());
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.connections.delete(socket));
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      while (received.length >= 2 && received.length >= 2 + received.readUInt16BE(0)) {
        const query = received.subarray(2, 2 + received.readUInt16BE(0));
        received = received.subarray(2 + query.length);
        socket.pause();
        answering = answering.then(() => this.answerOverTcp(socket, query)).finally(() => socket.resume());
      }
    });
  }

  private async answerOverTcp(socket: Socket, query: Buffer): Promise<void> {
    const response = await this.respond(query, 'tcp');
    if (!response || socket.destroyed) return;
    const length = Buffer.alloc(2);
    length.writeUInt16BE(response.length, 0);
    socket.write(Buffer.concat([length, response]));
  }

  /** @returns nothing for what is no DNS query at all. */
  private async respond(message: Buffer, protocol: 'udp' | 'tcp'): Promise<Buffer | undefined> {
    // A header has 12 bytes; its first flag bit marks a response, which is never answered.
    if (message.length < 12 || (message[2]! & 0x80) !== 0) return undefined;
    let query: Packet;
    try {
      query = decode(message);
    } catch {
      return headerOnly(message, responseCodes.formatError);
    }
    const question = query.questions?.[0];
    if (!question || query.questions?.length !== 1) return headerOnly(message, responseCodes.formatError);
    try {
      const local = answerQuestion(question, this.options.records(), this.options.zone);
      if (!local) return await this.options.upstream.ask(message, protocol);
      const complete = local.followCname === undefined ? local : await this.follow(local, local.followCname, question.type);
      return this.encodeResponse(query, complete, protocol);
    } catch (error) {
      if (!(error instanceof UpstreamError)) this.options.logger.warn('DNS question failed', { name: question.name, error });
      return encode(makeResponse(query, { answers: [], authorities: [], additionals: [], responseCode: responseCodes.serverFailure }));
    }
  }

  private async follow(local: LocalAnswer, target: string, type: RecordType): Promise<LocalAnswer> {
    const query = encode({ type: 'query', id: 0, flags: headerFlags.recursionDesired, questions: [{ type, name: target }] });
    let reply = decode(await this.options.upstream.ask(query, 'udp'));
    if (reply.flag_tc) reply = decode(await this.options.upstream.ask(query, 'tcp'));
    const found = (reply.answers ?? []).filter((answer: Answer) => ['A', 'AAAA', 'CNAME'].includes(answer.type));
    return { ...local, answers: [...local.answers, ...found] };
  }

  private encodeResponse(query: Packet, answer: LocalAnswer, protocol: 'udp' | 'tcp'): Buffer {
    const response = encode(makeResponse(query, answer, headerFlags.authoritative));
    if (protocol === 'tcp' || response.length <= udpLimit(query)) return response;
    return encode(makeResponse(query, { answers: [], authorities: [], additionals: [], responseCode: answer.responseCode }, headerFlags.authoritative | headerFlags.truncated));
  }
}

/** Any free port, where the wanted one is taken; other errors are not ours to mend. */
function otherPort(error: unknown): number {
  if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
  return 0;
}

/** What the client's OPT record (RFC 6891) says it can take. */
function udpLimit(query: Packet): number {
  const option = query.additionals?.find((record) => record.type === 'OPT');
  const offered = option && 'udpPayloadSize' in option ? option.udpPayloadSize : plainUdpBytes;
  return Math.min(Math.max(offered, plainUdpBytes), largestUdpBytes);
}

/** A response to a query that could not be decoded: its id and the code. */
function headerOnly(message: Buffer, responseCode: number): Buffer {
  const header = Buffer.alloc(12);
  message.copy(header, 0, 0, 2);
  header.writeUInt16BE(0x8000 | responseCode, 2);
  return header;
}
