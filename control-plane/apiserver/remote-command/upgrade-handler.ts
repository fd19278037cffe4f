/** Requests that leave HTTP: commands in pods. They pass authentication, authorization and look-up like all others. */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { newBadRequest, newMethodNotAllowed } from '../../../api/errors.ts';
import { pods } from '../../../api/resources.ts';
import { authenticateAndAuthorize } from '../access.ts';
import type { AppParts } from '../app-parts.ts';
import type { ExecOptions } from '../board-streams.ts';
import { newUnknownResource, toStatusError } from '../error-status.ts';
import { containerOf, openerOf } from '../handlers/pod-stream.ts';
import { allValues, booleanValue, firstValue, type RawQuery } from '../query-options.ts';
import { endWithStatus } from '../raw-response.ts';
import { chooseProtocol, type ChannelProtocol } from './channel-protocol.ts';
import { runRemoteCommand, type RemoteCommandOptions } from './remote-command.ts';

/** Bytes of one message from a client; kubectl sends 32 KiB. */
const maxMessageBytes = 1024 * 1024;

export type UpgradeHandler = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

export function createUpgradeHandler(parts: AppParts): UpgradeHandler {
  return (request, socket, head) => {
    // Until the WebSocket takes over nobody else listens; a broken connection needs no more than its end.
    const ignore = (): void => { socket.destroy(); };
    socket.on('error', ignore);
    const run = async (): Promise<void> => {
      const command = await accept(parts, request);
      await upgrade({ parts, request, socket, head }, command, () => socket.off('error', ignore));
    };
    run().catch((error: unknown) => {
      const failure = toStatusError(error);
      if (failure.code >= 500) parts.logger.error('upgrade failed', { path: request.url?.split('?', 1)[0], error: failure.cause ?? failure });
      endWithStatus(socket, failure.status);
    });
  };
}

type Command = Pick<RemoteCommandOptions, 'protocol' | 'exec' | 'open'>;

async function accept(parts: AppParts, request: IncomingMessage): Promise<Command> {
  const url = new URL(request.url ?? '/', 'https://server');
  const { info } = await authenticateAndAuthorize(parts, request);
  const query = groupQuery(url.searchParams);
  if (!info.isResource || info.resource !== pods.plural || info.group !== pods.group || info.name === undefined) throw newUnknownResource();
  if (info.subresource !== 'exec') throw newBadRequest(`${info.subresource || info.resource} cannot be upgraded to another protocol`);
  if (info.verb !== 'get' && info.verb !== 'create') throw newMethodNotAllowed(pods, info.verb);
  const pod = await parts.registry.of(pods).get(info.name, info.namespace);
  const exec = parseExecOptions(query);
  const container = containerOf(pod, firstValue(query, 'container'));
  if (!pod.spec?.nodeName) throw newBadRequest(`pod ${info.name} does not have a host assigned`);
  return { protocol: protocolOf(request), exec, open: () => openerOf(parts).openExec(pod, container, exec) };
}

function groupQuery(parameters: URLSearchParams): RawQuery {
  const query: Record<string, string[]> = {};
  for (const [name, value] of parameters) (query[name] ??= []).push(value);
  return query;
}

/** @throws StatusError BadRequest. */
export function parseExecOptions(query: RawQuery): ExecOptions {
  const command = allValues(query, 'command');
  if (command.length === 0) throw newBadRequest('you must specify at least one command for the container');
  const tty = booleanValue(query, 'tty');
  const on = (name: string) => query[name] === undefined || booleanValue(query, name);
  // With a terminal there is one output.
  return { command, tty, stdin: booleanValue(query, 'stdin'), stdout: on('stdout'), stderr: on('stderr') && !tty };
}

/** @throws StatusError BadRequest for SPDY and for protocols that nobody knows. */
function protocolOf(request: IncomingMessage): ChannelProtocol {
  if (request.headers.upgrade?.toLowerCase() !== 'websocket') {
    throw newBadRequest(`unable to upgrade to ${request.headers.upgrade}: this server runs commands over WebSocket; use kubectl 1.30 or later`);
  }
  const offered = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim()).filter((name) => name !== '');
  const protocol = chooseProtocol(offered);
  if (!protocol) throw newBadRequest(`unable to upgrade: no supported WebSocket protocol among ${offered.join(', ')}`);
  return protocol;
}

interface Upgrade {
  parts: AppParts;
  request: IncomingMessage;
  socket: Duplex;
  head: Buffer;
}

/** @param taken called when the WebSocket listens to the socket itself. */
async function upgrade({ parts, request, socket, head }: Upgrade, command: Command, taken: () => void): Promise<void> {
  const { WebSocketServer } = await import('ws');
  const server = new WebSocketServer({
    noServer: true, maxPayload: maxMessageBytes, perMessageDeflate: false, clientTracking: false,
    handleProtocols: (offered) => (offered.size === 0 ? false : command.protocol.name),
  });
  let end = (): void => { socket.destroy(); };
  const done = parts.longRunning.begin(() => end());
  socket.once('close', done);
  taken();
  server.handleUpgrade(request, socket, head, (webSocket) => {
    end = () => webSocket.terminate();
    runRemoteCommand({ ...command, socket: webSocket, clock: parts.clock }).catch((error: unknown) => {
      parts.logger.error('command failed', { path: request.url?.split('?', 1)[0], error });
      webSocket.terminate();
    });
  });
}
