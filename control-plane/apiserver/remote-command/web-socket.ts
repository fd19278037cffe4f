/** What all users of WebSockets here share. */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import type { Clock, Timer } from '../../../machinery/clock.ts';
import { withoutToken } from '../../authentication/token-authenticator.ts';

/** Bytes of one message from a client; kubectl sends 32 KiB. */
const maxMessageBytes = 1024 * 1024;
/** Keeps what stands between from taking the connection for dead. */
const pingIntervalMs = 30_000;

export interface UpgradeRequest {
  request: IncomingMessage;
  socket: Duplex;
  head: Buffer;
  /** To be called when the connection has left HTTP, with the code of the answer. */
  switched?: (code: number) => void;
}

/** The subprotocols that the client offers, in its order, without its token: that is never sent back. */
export function offeredProtocols({ headers }: IncomingMessage): string[] {
  return withoutToken(headers['sec-websocket-protocol'] ?? '');
}

export function isWebSocketRequest({ headers }: IncomingMessage): boolean {
  return headers.upgrade?.toLowerCase() === 'websocket';
}

/**
 * @param protocol undefined when the client offered none.
 * @returns undefined when the handshake is none: then the client was answered.
 */
export async function acceptWebSocket({ request, socket, head, switched }: UpgradeRequest, protocol: string | undefined): Promise<WebSocket | undefined> {
  const { WebSocketServer } = await import('ws');
  const server = new WebSocketServer({
    noServer: true, maxPayload: maxMessageBytes, perMessageDeflate: false, clientTracking: false,
    handleProtocols: (offered) => (offered.size === 0 || protocol === undefined ? false : protocol),
  });
  return new Promise((resolve) => {
    const refused = (): void => resolve(undefined);
    socket.once('close', refused);
    server.handleUpgrade(request, socket, head, (webSocket) => {
      socket.off('close', refused);
      switched?.(101);
      // ws reports here what ends in a close as well.
      webSocket.on('error', () => webSocket.terminate());
      resolve(webSocket);
    });
  });
}

/** Resolves when the message is on its way, or the socket is closed: then nobody waits for it. */
export function sendMessage(socket: WebSocket, message: Buffer | string): Promise<void> {
  return new Promise((resolve) => {
    if (socket.readyState !== socket.OPEN) resolve();
    else socket.send(message, () => resolve());
  });
}

/**
 * A client whose user reads slowly answers late, so an answer that does not come proves nothing; TCP's own keep-alive finds
 * those that are gone.
 * @returns ends it.
 */
export function startPings(socket: WebSocket, clock: Pick<Clock, 'after'>): () => void {
  let timer: Timer | undefined;
  const next = (): void => {
    timer = clock.after(pingIntervalMs, () => {
      if (socket.readyState !== socket.OPEN) return;
      // Where earlier ones are not taken yet, another says no more.
      if (socket.bufferedAmount === 0) socket.ping();
      next();
    });
  };
  next();
  return () => timer?.cancel();
}
