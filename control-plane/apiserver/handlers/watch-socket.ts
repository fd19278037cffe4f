/**
 * GET ?watch=true with `Upgrade: websocket`: each event is a message. JSON goes as text, protobuf as bytes, whatever
 * subprotocol the client offers: dashboards offer `base64.binary.k8s.io` beside their token, and read JSON. Source:
 * WatchServer.HandleWS of k8s.io/apiserver.
 */
import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import type { Access } from '../access.ts';
import type { AppParts } from '../app-parts.ts';
import { newUnknownResource } from '../error-status.ts';
import { negotiate } from '../negotiation.ts';
import { includeObjectOf } from '../printers/table.ts';
import type { RawQuery } from '../query-options.ts';
import { acceptWebSocket, offeredProtocols, type UpgradeRequest } from '../remote-command/web-socket.ts';
import type { ResourceRequest } from '../request-info.ts';
import { objectForms } from '../responses.ts';
import { createWatchEncoder } from '../watch-encoder.ts';
import { WatchStream, type WatchOutput } from '../watch-stream.ts';
import { watchQuery, watchTimeoutMs } from './watch.ts';

export interface WatchSocketRequest extends UpgradeRequest {
  parts: AppParts;
  access: Access;
  info: ResourceRequest;
  query: RawQuery;
}

/** Bytes of a frame's length, which messages do without. */
const frameHead = 4;

/**
 * Refusals come before the handshake, as answers to the request.
 * @throws StatusError.
 */
export async function serveWatchSocket({ parts, info, query, ...upgrade }: WatchSocketRequest): Promise<void> {
  const { request, socket } = upgrade;
  const resource = parts.catalog.find(info.group, info.version, info.resource);
  const inNamespace = resource?.namespaced ? info.name === undefined || info.namespace !== undefined : info.namespace === undefined || info.resource === 'namespaces';
  if (!resource || resource.virtual || info.subresource !== '' || !inNamespace) throw newUnknownResource();
  const call = { parts, info, query, resource };
  const wanted = watchQuery(call);
  const negotiated = negotiate(request.headers.accept, objectForms, { protobuf: resource.custom === undefined, stream: true });
  const encode = createWatchEncoder({ resource, negotiated, includeObject: includeObjectOf(query), clock: parts.clock });
  const timeoutMs = watchTimeoutMs(call);
  const protocol = offeredProtocols(request)[0];
  const output = new WebSocketOutput(socket, negotiated.encoding === 'protobuf');
  const stream = new WatchStream({ response: output, encode, clock: parts.clock, logger: parts.logger, openWatches: () => parts.longRunning.size });
  const watch = parts.registry.of(resource).watch(wanted, stream);
  stream.onEnd(() => watch.stop());
  const webSocket = await acceptWebSocket(upgrade, protocol);
  if (!webSocket) {
    watch.stop();
    return;
  }
  output.open(webSocket);
  stream.start(timeoutMs);
}

/** A WebSocket as a WatchStream writes to it. */
class WebSocketOutput implements WatchOutput {
  private readonly socket: Duplex;
  private readonly protobuf: boolean;
  private webSocket: WebSocket | undefined;

  constructor(socket: Duplex, protobuf: boolean) {
    this.socket = socket;
    this.protobuf = protobuf;
  }

  open(webSocket: WebSocket): void {
    this.webSocket = webSocket;
  }

  write(bytes: Buffer): boolean {
    this.webSocket?.send(this.protobuf ? bytes.subarray(frameHead) : bytes, { binary: this.protobuf });
    return !this.socket.writableNeedDrain;
  }

  on(event: 'drain' | 'close', listener: () => void): void {
    if (event === 'drain') this.socket.on('drain', listener);
    else this.webSocket?.on('close', listener);
  }

  once(_event: 'finish', listener: () => void): void {
    this.webSocket?.once('close', listener);
  }

  end(): void {
    this.webSocket?.close(1000);
  }

  destroy(): void {
    this.socket.destroy();
  }

  cork(): void {
    this.socket.cork();
  }

  uncork(): void {
    this.socket.uncork();
  }

  flushHeaders(): void {
    // The handshake is through.
  }
}
