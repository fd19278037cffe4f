/** From HTTP to SPDY/3.1, as a kubelet answers it. Source: k8s.io/apimachinery/pkg/util/httpstream. */
import type { IncomingMessage } from 'node:http';
import type { UpgradeRequest } from './web-socket.ts';

/** Answered with plain text, as a kubelet answers. */
export class PlainRefusal extends Error {
  readonly code: number;
  readonly headers: readonly string[];

  /** @param headers lines of the answer's head. */
  constructor(code: number, message: string, headers: readonly string[] = []) {
    super(message);
    this.name = 'PlainRefusal';
    this.code = code;
    this.headers = headers;
  }
}

const versionHeader = 'X-Stream-Protocol-Version';

/**
 * @param supported names of stream protocols.
 * @returns the first that the client names and that is supported.
 * @throws PlainRefusal.
 */
export function negotiateStreamProtocol({ headers }: IncomingMessage, supported: readonly string[]): string {
  const connection = headers.connection?.toLowerCase() ?? '';
  const upgrade = headers.upgrade?.toLowerCase() ?? '';
  if (!connection.includes('upgrade') || !upgrade.includes('spdy/3.1')) throw new PlainRefusal(400, `unable to upgrade: missing upgrade headers in request: ${JSON.stringify(headers.upgrade ?? '')}`);
  const asked = [headers[versionHeader.toLowerCase()] ?? []].flat().flatMap((value) => value.split(',')).map((name) => name.trim()).filter((name) => name !== '');
  if (asked.length === 0) throw new PlainRefusal(400, `unable to upgrade: ${versionHeader} is required`);
  const chosen = asked.find((name) => supported.includes(name));
  if (chosen === undefined) {
    throw new PlainRefusal(403, `unable to upgrade: unable to negotiate protocol: client supports [${asked.join(' ')}], server accepts [${supported.join(' ')}]`,
      supported.map((name) => `X-Accepted-Stream-Protocol-Versions: ${name}`));
  }
  return chosen;
}

/** Sends the 101; from here on the socket speaks SPDY. */
export function switchToSpdy({ socket, head, switched }: UpgradeRequest, protocol: string): void {
  socket.write(['HTTP/1.1 101 Switching Protocols', 'Connection: Upgrade', 'Upgrade: SPDY/3.1', `${versionHeader}: ${protocol}`, '', ''].join('\r\n'));
  switched?.(101);
  if (head.length > 0) socket.unshift(head);
}
