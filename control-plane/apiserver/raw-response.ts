/** Answers on a bare connection, where there is no response object: broken requests and refused upgrades. */
import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Status } from '../../api/meta.ts';

/** Sends the Status and closes the connection. */
export function endWithStatus(socket: Duplex, status: Status): void {
  const code = status.code ?? 500;
  const body = `${JSON.stringify(status)}\n`;
  socket.end([
    `HTTP/1.1 ${code} ${STATUS_CODES[code] ?? 'Error'}`, 'Content-Type: application/json', `Content-Length: ${Buffer.byteLength(body)}`, 'Connection: close', '', body,
  ].join('\r\n'), () => socket.destroy());
}

/**
 * Sends a sentence, as Go's http.Error does, and closes the connection.
 * @param headers lines of the head.
 */
export function endWithText(socket: Duplex, code: number, text: string, headers: readonly string[] = []): void {
  const body = `${text}\n`;
  socket.end([
    `HTTP/1.1 ${code} ${STATUS_CODES[code] ?? 'Error'}`, 'Content-Type: text/plain; charset=utf-8', 'X-Content-Type-Options: nosniff', ...headers,
    `Content-Length: ${Buffer.byteLength(body)}`, 'Connection: close', '', body,
  ].join('\r\n'), () => socket.destroy());
}

/** What Node's HTTP parser says of a request that is none. */
export function answerBrokenRequest(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const code = error.code === 'HPE_HEADER_OVERFLOW' ? 431 : error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 408 : 400;
  endWithStatus(socket, { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', reason: 'BadRequest', message: STATUS_CODES[code]!, code });
}
