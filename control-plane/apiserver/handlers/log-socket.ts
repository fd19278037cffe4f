/**
 * GET pods/NAME/log with `Upgrade: websocket`: what comes of the log is a message each, bytes with `binary.k8s.io` or no
 * subprotocol, base64 text with `base64.binary.k8s.io`. The first message is empty, the end of the log closes the socket.
 * Source: k8s.io/apiserver/pkg/util/wsstream (Reader).
 */
import type { Pod } from '../../../api/core.ts';
import { newBadRequest } from '../../../api/errors.ts';
import { channels } from '../../../machinery/stream.ts';
import type { AppParts } from '../app-parts.ts';
import { firstValue, type RawQuery } from '../query-options.ts';
import { acceptWebSocket, offeredProtocols, sendMessage, startPings, type UpgradeRequest } from '../remote-command/web-socket.ts';
import { parseLogOptions } from './log.ts';
import { containerOf, openerOf } from './pod-stream.ts';

const binaryProtocol = 'binary.k8s.io';
const base64Protocol = 'base64.binary.k8s.io';

export interface LogSocketRequest extends UpgradeRequest {
  parts: AppParts;
  pod: Pod;
  query: RawQuery;
}

/**
 * Refusals come before the handshake, as answers to the request.
 * @throws StatusError.
 */
export async function serveLogSocket({ parts, pod, query, ...upgrade }: LogSocketRequest): Promise<void> {
  const options = parseLogOptions(query, pod.metadata?.name);
  const container = containerOf(pod, firstValue(query, 'container'));
  const offered = offeredProtocols(upgrade.request);
  const protocol = offered.find((name) => name === binaryProtocol || name === base64Protocol);
  if (offered.length > 0 && protocol === undefined) throw newBadRequest(`unable to upgrade: no supported WebSocket protocol among ${offered.join(', ')}`);
  // A pod that has no board yet has no log yet.
  const stream = pod.spec?.nodeName ? await openerOf(parts).openLogs(pod, container, options) : undefined;
  const socket = await acceptWebSocket(upgrade, protocol);
  if (!socket) {
    stream?.close({});
    return;
  }
  const endPings = startPings(socket, parts.clock);
  socket.once('close', () => {
    endPings();
    stream?.close({});
  });
  const send = (data: Buffer): Promise<void> => sendMessage(socket, protocol === base64Protocol ? data.toString('base64') : data);
  await send(Buffer.alloc(0));
  stream?.onData((channel, data) => (channel === channels.stdin ? undefined : send(Buffer.from(data.buffer, data.byteOffset, data.byteLength))));
  const { error } = (await stream?.closed) ?? {};
  if (error === undefined) {
    socket.close(1000);
    return;
  }
  parts.logger.info('log stream broke', { pod: pod.metadata?.name, error });
  // Cut, so that the client does not take what it got for all there is.
  socket.terminate();
}
