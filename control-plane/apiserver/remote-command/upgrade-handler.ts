/** Requests that leave HTTP. They pass authentication, authorization, look-up and admission like all others. */
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Pod } from '../../../api/core.ts';
import { newBadRequest, newMethodNotAllowed, type StatusError } from '../../../api/errors.ts';
import { pods, type Subresource } from '../../../api/resources.ts';
import type { AggregationOptions } from '../../aggregation/aggregation-proxy.ts';
import { aggregatedUpgrade } from '../../aggregation/aggregation-upgrade.ts';
import { auditRefusedUpgrade, auditUpgrade } from '../../audit/audit-upgrade.ts';
import type { AuditEntry } from '../../audit/auditor.ts';
import { checkAccess, readAccessRequest, type Access, type AccessRequest } from '../access.ts';
import type { AppParts } from '../app-parts.ts';
import { newAccessForbidden } from '../../authorization/authorizer.ts';
import { BoardRefusal } from '../board-streams.ts';
import { newUnknownResource, toStatusError } from '../error-status.ts';
import { openerOf } from '../handlers/pod-stream.ts';
import { serveLogSocket } from '../handlers/log-socket.ts';
import { serveWatchSocket } from '../handlers/watch-socket.ts';
import { proxyUpgrade } from '../target-proxy/proxy-upgrade.ts';
import { firstValue, type RawQuery } from '../query-options.ts';
import { endWithStatus, endWithText } from '../raw-response.ts';
import type { ResourceRequest } from '../request-info.ts';
import { reviewConnection } from '../review-connection.ts';
import { chooseProtocol } from './channel-protocol.ts';
import { parseCommandRequest } from './command-request.ts';
import { commandProtocols, runSpdyCommand } from './spdy-command.ts';
import { portForwardProtocol, runSpdyPortForward, type PortForwardOptions } from './spdy-port-forward.ts';
import { negotiateStreamProtocol, PlainRefusal, switchToSpdy } from './spdy-upgrade.ts';
import { acceptWebSocket, isWebSocketRequest, offeredProtocols, type UpgradeRequest } from './web-socket.ts';
import { runWebSocketCommand } from './web-socket-command.ts';
import { chooseForwardProtocol, parsePorts, runWebSocketPortForward } from './web-socket-port-forward.ts';

export type UpgradeHandler = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

/** How kubectl 1.31 and later forwards ports: SPDY as messages of a WebSocket. */
const tunnelProtocol = `SPDY/3.1+${portForwardProtocol}`;
/** Where nothing is said for so long, TCP asks whether the client is there. */
const keepAliveMs = 30_000;

interface Call extends UpgradeRequest {
  parts: AppParts;
  access: Access;
  audit: AuditEntry | undefined;
  info: ResourceRequest & { name: string };
  query: RawQuery;
}

/** @param aggregation what other servers answer. */
export function createUpgradeHandler(parts: AppParts, aggregation?: AggregationOptions): UpgradeHandler {
  return (request, socket, head) => {
    // Whoever takes the connection over listens as well; a broken one needs no more than its end.
    socket.on('error', () => socket.destroy());
    (socket as Partial<Socket>).setKeepAlive?.(true, keepAliveMs);
    let audit: AuditEntry | undefined;
    const run = async (): Promise<void> => {
      const asked = readAccessRequest(request);
      const access = await admit(parts, asked);
      audit = auditUpgrade(parts.audit, asked, access, socket);
      const end = parts.longRunning.begin(() => socket.destroy());
      socket.once('close', end);
      if (socket.destroyed) end();
      else {
        const upgrade = { request, socket, head, switched: (code: number) => audit?.started(code) };
        await (aggregatedUpgrade(aggregation, upgrade, access.user) ?? dispatch({ ...upgrade, parts, access, audit }));
      }
    };
    run().catch((error: unknown) => {
      if (error instanceof PlainRefusal) {
        audit?.complete(error.code);
        return endWithText(socket, error.code, error.message, error.headers);
      }
      const failure = toStatusError(error);
      audit?.refuse(failure.status);
      if (failure.code >= 500) parts.logger.error('upgrade failed', { path: request.url?.split('?', 1)[0], error: failure.cause ?? failure });
      endWithStatus(socket, failure.status);
    });
  };
}

/** @throws StatusError Unauthorized or Forbidden, which are written down. */
async function admit(parts: AppParts, asked: AccessRequest): Promise<Access> {
  try {
    return await checkAccess(parts, asked);
  } catch (error) {
    auditRefusedUpgrade(parts.audit, asked, toStatusError(error));
    throw error;
  }
}

async function dispatch(upgrade: UpgradeRequest & { parts: AppParts; access: Access; audit: AuditEntry | undefined }): Promise<void> {
  const { info } = upgrade.access;
  if (info.isResource && info.verb === 'watch' && isWebSocketRequest(upgrade.request)) return serveWatchSocket({ ...upgrade, info, query: groupQuery(upgrade.request) });
  if (!info.isResource || info.name === undefined) throw newUnknownResource();
  const call: Call = { ...upgrade, info: { ...info, name: info.name }, query: groupQuery(upgrade.request) };
  if (info.subresource === 'proxy') return proxyUpgrade(upgrade, call.info);
  if (info.resource !== pods.plural || info.group !== pods.group) throw newUnknownResource();
  switch (info.subresource) {
    case 'exec':
    case 'attach': return runCommand(call, info.subresource);
    case 'portforward': return forwardPorts(call);
    case 'log': return serveLog(call);
    default: throw newBadRequest(`${info.subresource || info.resource} cannot be upgraded to another protocol`);
  }
}

/** Reading: who may get the log may also get it so. */
async function serveLog(call: Call): Promise<void> {
  const { parts, info } = call;
  if (info.verb !== 'get') throw newMethodNotAllowed(pods, info.verb || 'this method');
  if (!isWebSocketRequest(call.request)) throw newBadRequest('log cannot be upgraded to another protocol');
  const pod = await parts.registry.of(pods).get(info.name, info.namespace);
  return serveLogSocket({ ...call, pod });
}

function groupQuery(request: IncomingMessage): RawQuery {
  const query: Record<string, string[]> = {};
  for (const [name, value] of new URL(request.url ?? '/', 'https://server').searchParams) (query[name] ??= []).push(value);
  return query;
}

async function runCommand(call: Call, subresource: 'exec' | 'attach'): Promise<void> {
  const { parts, query } = call;
  const pod = await findPod(call);
  const { streams, open } = parseCommandRequest(parts, subresource, pod, query);
  const options = { ...streams, ...containerField(query), ...(subresource === 'exec' ? { command: [query['command'] ?? []].flat() } : {}) };
  await review(call, subresource, { kind: subresource === 'exec' ? 'PodExecOptions' : 'PodAttachOptions', ...options });
  if (isWebSocketRequest(call.request)) {
    const offered = offeredProtocols(call.request);
    const protocol = chooseProtocol(offered);
    if (!protocol) throw newBadRequest(`unable to upgrade: no supported WebSocket protocol among ${offered.join(', ')}`);
    const socket = await acceptWebSocket(call, protocol.name);
    if (socket) await runWebSocketCommand({ socket, protocol, streams, open, clock: parts.clock });
    return;
  }
  const protocol = negotiateStreamProtocol(call.request, commandProtocols);
  // A client reads why there is no command from the answer to its request, in the board's words.
  const stream = await open().catch((error: unknown) => { throw error instanceof BoardRefusal ? plainRefusal(error) : error; });
  switchToSpdy(call, protocol);
  await runSpdyCommand({ transport: call.socket, protocol, streams, stream, clock: parts.clock });
}

function plainRefusal(error: BoardRefusal): PlainRefusal {
  return new PlainRefusal(error.code, error.message);
}

function containerField(query: RawQuery): { container?: string } {
  const container = firstValue(query, 'container');
  return container ? { container } : {};
}

async function forwardPorts(call: Call): Promise<void> {
  const { parts, info, request } = call;
  const pod = await findPod(call);
  if (!pod.spec?.nodeName) throw newBadRequest(`pod ${info.name} does not have a host assigned`);
  const ports = call.query['ports'] === undefined ? undefined : parsePorts(call.query);
  await review(call, 'portforward', { kind: 'PodPortForwardOptions', ...(ports ? { ports } : {}) });
  const options: PortForwardOptions = { clock: parts.clock, openPort: (port) => openPort(parts, pod, port) };
  if (!isWebSocketRequest(request)) {
    const protocol = negotiateStreamProtocol(request, [portForwardProtocol]);
    switchToSpdy(call, protocol);
    return runSpdyPortForward(call.socket, options);
  }
  const offered = offeredProtocols(request);
  if (offered.includes(tunnelProtocol)) {
    const socket = await acceptWebSocket(call, tunnelProtocol);
    if (!socket) return;
    const { createWebSocketStream } = await import('ws');
    return runSpdyPortForward(createWebSocketStream(socket), options);
  }
  const protocol = chooseForwardProtocol(offered);
  if (!protocol) throw newBadRequest(`unable to upgrade: no supported WebSocket protocol among ${offered.join(', ')}`);
  const wanted = ports ?? parsePorts(call.query);
  const socket = await acceptWebSocket(call, protocol.name === '' ? undefined : protocol.name);
  if (socket) await runWebSocketPortForward(socket, protocol, wanted, options);
}

async function openPort(parts: AppParts, pod: Pod, port: number) {
  try {
    return await openerOf(parts).openLoopback(pod, port);
  } catch (error) {
    throw new Error(`error forwarding port ${port} to pod ${pod.metadata?.name}, uid ${pod.metadata?.uid}: ${(error as StatusError).message}`, { cause: error });
  }
}

/** @throws StatusError NotFound, MethodNotAllowed, or Forbidden for a user who may not `create` the subresource. */
async function findPod({ parts, access, info }: Call): Promise<Pod> {
  if (info.verb !== 'get' && info.verb !== 'create') throw newMethodNotAllowed(pods, info.verb || 'this method');
  if (info.verb === 'get') requireCreate(parts, access, info);
  return parts.registry.of(pods).get(info.name, info.namespace);
}

/** WebSockets are opened with GET, but whoever may only read must not run commands. */
function requireCreate(parts: AppParts, { user }: Access, { group, version, resource, subresource, namespace, name }: ResourceRequest): void {
  const attributes = { user, isResource: true, verb: 'create', group, version, resource, subresource, namespace, name } as const;
  const { decision, reason } = parts.authorizer.authorize(attributes);
  if (decision !== 'allow') throw newAccessForbidden(attributes, reason);
}

/** @throws StatusError when admission refuses the connection. */
function review({ parts, access, audit, info, request }: Call, subresource: Subresource, options: { kind: string; [field: string]: unknown }): Promise<void> {
  return reviewConnection(parts, { user: access.user, userAgent: request.headers['user-agent'], auditAnnotations: audit?.annotations }, { resource: pods, subresource, info, options });
}
