/** WebSockets and other protocols to pods, Services and nodes: the connection goes through, both ways. */
import { STATUS_CODES, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { AuditEntry } from '../../audit/auditor.ts';
import type { Access } from '../access.ts';
import type { AppParts } from '../app-parts.ts';
import { newUnknownResource } from '../error-status.ts';
import { joinDuplexes } from '../remote-command/join-duplexes.ts';
import type { UpgradeRequest } from '../remote-command/web-socket.ts';
import type { ResourceRequest } from '../request-info.ts';
import { requestHeaders, responseHeaders, type HeaderList } from './proxy-headers.ts';
import { beginRequest, connectToTarget, proxyPlace, unreachable } from './proxy-request.ts';
import { findProxyTarget } from './proxy-target.ts';
import { reviewProxy } from './review-proxy.ts';

interface ProxyUpgrade extends UpgradeRequest {
  parts: AppParts;
  access: Access;
  audit: AuditEntry | undefined;
}

/** Resolves when the connection is gone. @throws StatusError before anything was answered. */
export async function proxyUpgrade({ parts, access, request, socket, head, switched, audit }: ProxyUpgrade, info: ResourceRequest): Promise<void> {
  const target = await findProxyTarget(parts, info);
  const place = proxyPlace(request, target.host);
  if (!place) throw newUnknownResource();
  await reviewProxy(parts, { user: access.user, userAgent: request.headers['user-agent'], auditAnnotations: audit?.annotations }, info, place.path);
  const connection = await connectToTarget(target);
  socket.once('close', () => connection.destroy());
  const headers: HeaderList = [...requestHeaders(request, place), ['Connection', 'Upgrade'], ['Upgrade', request.headers.upgrade ?? '']];
  const call = beginRequest(connection, { method: request.method ?? 'GET', path: place.path, headers });
  const answered = new Promise<{ response: IncomingMessage; upgraded?: { far: Duplex; begun: Buffer } }>((resolve, reject) => {
    call.once('upgrade', (response, far, begun) => resolve({ response, upgraded: { far, begun } }));
    call.once('response', (response) => resolve({ response }));
    call.once('error', (error) => reject(unreachable(error)));
  });
  call.on('error', () => {});
  call.end();
  const { response, upgraded } = await answered;
  switched?.(response.statusCode ?? 502);
  const kept = responseHeaders(response, place, false);
  if (!upgraded) {
    socket.write(headOf(response, [...kept, ['Connection', 'close']]));
    response.pipe(socket);
    return;
  }
  const { far, begun } = upgraded;
  socket.write(headOf(response, [...kept, ['Connection', 'Upgrade'], ['Upgrade', response.headers.upgrade ?? '']]));
  if (begun.length > 0) far.unshift(begun);
  if (head.length > 0) socket.unshift(head);
  await joinDuplexes(socket, far);
  socket.destroy();
}

function headOf({ statusCode = 502, statusMessage }: IncomingMessage, headers: HeaderList): string {
  const reason = statusMessage || STATUS_CODES[statusCode] || '';
  return [`HTTP/1.1 ${statusCode} ${reason}`, ...headers.map(([name, value]) => `${name}: ${value}`), '', ''].join('\r\n');
}
