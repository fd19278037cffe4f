/**
 * Accepts TCP connections for one portal and carries their bytes to a backend. A backend that refuses is passed over, so
 * that a pod which is just leaving costs a client nothing.
 */
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { Logger } from '../../machinery/logger.ts';
import type { Listener } from '../service-plan.ts';
import type { LoadBalancer } from './load-balancer.ts';

/** Milliseconds one backend may take to accept before the next is tried. */
const connectTimeoutMs = 2_000;

export interface PortalSocket {
  /**
   * @param port instead of the listener's; 0: any free one.
   * @returns the port it listens on. Rejects with the system's error (EADDRINUSE ...).
   */
  open(port?: number): Promise<number>;
  /** Stops listening. Connections that are open live on until one side ends them. */
  close(): Promise<void>;
  /** Ends open connections too. */
  destroy(): Promise<void>;
}

/** A peer that vanished without a word (a board whose plug was pulled) is found out after this long. */
const keepAlive = { keepAlive: true, keepAliveInitialDelay: 30 * 60_000 } as const;
/** What opening a connection costs, in chunks carried. */
const workOfConnection = 8;

export class TcpPortal implements PortalSocket {
  /** Work done so far, in chunks carried. */
  work = 0;
  private readonly server: Server;
  private readonly connections = new Set<Socket>();
  private idleCallback: (() => void) | undefined;
  private readonly listener: Listener;
  private readonly balancer: LoadBalancer;
  private readonly logger: Logger;
  private readonly onAccept: () => void;

  constructor(options: { listener: Listener; balancer: LoadBalancer; logger: Logger; onAccept?: () => void }) {
    this.listener = options.listener;
    this.balancer = options.balancer;
    this.logger = options.logger;
    this.onAccept = options.onAccept ?? (() => undefined);
    this.server = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true, ...keepAlive }, (client) => this.accept(client));
  }

  open(port = this.listener.port): Promise<number> {
    return new Promise((resolve, reject) => {
      const listening = (): void => {
        this.server.off('error', failed);
        this.server.on('error', (error) => this.logger.warn('listener failed', { error }));
        resolve((this.server.address() as AddressInfo).port);
      };
      const failed = (error: Error): void => {
        this.server.off('listening', listening);
        reject(error);
      };
      this.server.once('error', failed);
      this.server.once('listening', listening);
      this.server.listen({ host: this.listener.ip ?? '0.0.0.0', port, backlog: 4_096, exclusive: true });
    });
  }

  close(): Promise<void> {
    // server.close waits for connections to end; new ones are refused from here on, which is all that matters.
    this.server.close();
    return Promise.resolve();
  }

  async destroy(): Promise<void> {
    await this.close();
    for (const socket of this.connections) socket.destroy();
  }

  /** Calls back once when no connection is open (any more). */
  whenIdle(callback: () => void): void {
    if (this.connections.size === 0) callback();
    else this.idleCallback = callback;
  }

  private accept(client: Socket): void {
    this.work += workOfConnection;
    this.onAccept();
    client.on('error', ignoreReset);
    this.track(client);
    this.connectNext(client, this.balancer.candidates(client.remoteAddress ?? ''), undefined);
  }

  private connectNext(client: Socket, candidates: Generator<{ ip: string; port: number }>, failure: Error | undefined): void {
    if (client.destroyed) return;
    const candidate = candidates.next();
    if (candidate.done) {
      this.logger.debug('no backend accepts', { client: client.remoteAddress, error: failure });
      client.resetAndDestroy();
      return;
    }
    const backend = connect({ host: candidate.value.ip, port: candidate.value.port, allowHalfOpen: true, noDelay: true, autoSelectFamily: false, ...keepAlive });
    const timer = setTimeout(() => backend.destroy(new Error(`no answer from ${candidate.value.ip} within ${connectTimeoutMs} ms`)), connectTimeoutMs);
    const tryNext = (error: Error): void => {
      clearTimeout(timer);
      client.off('close', abandon);
      this.connectNext(client, candidates, error);
    };
    const abandon = (): void => { backend.destroy(); clearTimeout(timer); };
    client.once('close', abandon);
    backend.once('error', tryNext);
    backend.once('connect', () => {
      clearTimeout(timer);
      client.off('close', abandon);
      backend.off('error', tryNext);
      backend.on('error', ignoreReset);
      this.track(backend);
      const carried = (): void => { this.work += 1; };
      join(client, backend, carried);
      join(backend, client, carried);
      client.resume();
    });
  }

  private track(socket: Socket): void {
    this.connections.add(socket);
    socket.once('close', () => {
      this.connections.delete(socket);
      if (this.connections.size === 0) this.idleCallback?.();
    });
  }
}

/** Carries one direction: bytes with back-pressure, then the half-close, and an abort as an abort. */
function join(from: Socket, to: Socket, carried: () => void): void {
  from.on('data', (chunk) => {
    carried();
    if (!to.write(chunk)) {
      from.pause();
      to.once('drain', () => from.resume());
    }
  });
  from.on('end', () => to.end());
  from.on('close', (hadError) => {
    if (hadError) to.resetAndDestroy();
    else if (!to.writableEnded) to.destroy();
  });
}

/** The peers of a proxy break connections at any time; 'close' follows and does what is to be done. */
function ignoreReset(): void {}
