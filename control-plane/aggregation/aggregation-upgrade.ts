/** Watches over WebSocket, exec and the like below an aggregated group-version: the connection goes through, both ways. */
import { STATUS_CODES, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { newServiceUnavailable } from '../../api/errors.ts';
import { joinDuplexes } from '../apiserver/remote-command/join-duplexes.ts';
import type { UpgradeRequest } from '../apiserver/remote-command/web-socket.ts';
import type { UserInfo } from '../registry/registry.ts';
import { isAvailable } from './aggregated-services.ts';
import { findAggregated, forwardedHeaders, type AggregationOptions } from './aggregation-proxy.ts';
import { beginExtensionRequest, userHeaders } from './extension-request.ts';

/** @returns undefined where this server answers itself; else a promise that resolves when the connection is gone. @throws StatusError. */
export function aggregatedUpgrade(options: AggregationOptions | undefined, upgrade: UpgradeRequest, user: UserInfo): Promise<void> | undefined {
  const service = options && findAggregated(options.services, upgrade.request.url ?? '');
  return service && forward(options, upgrade, { service, user });
}

async function forward(
  options: AggregationOptions, { request, socket, head, switched }: UpgradeRequest, { service, user }: { service: NonNullable<ReturnType<typeof findAggregated>>; user: UserInfo },
): Promise<void> {
  if (!isAvailable(service)) throw newServiceUnavailable('service unavailable');
  const headers = { ...forwardedHeaders(request), ...userHeaders(user), connection: 'Upgrade', upgrade: request.headers.upgrade ?? '' };
  let answer: { response: IncomingMessage; far?: Duplex; begun?: Buffer };
  try {
    const call = await beginExtensionRequest(options, service, { method: request.method ?? 'GET', path: request.url ?? '/', headers });
    socket.once('close', () => call.destroy());
    if (socket.destroyed) call.destroy();
    answer = await new Promise((resolve, reject) => {
      call.once('upgrade', (response, far, begun) => resolve({ response, far, begun }));
      call.once('response', (response) => resolve({ response }));
      call.on('error', reject);
      call.end();
    });
  } catch (error) {
    throw newServiceUnavailable(`error trying to reach service: ${(error as Error).message}`);
  }
  const { response, far, begun } = answer;
  switched?.(response.statusCode ?? 502);
  socket.write(headOf(response, far === undefined));
  if (!far) {
    response.pipe(socket);
    return;
  }
  if (begun?.length) far.unshift(begun);
  if (head.length > 0) socket.unshift(head);
  await joinDuplexes(socket, far);
  socket.destroy();
}

/** @param closes the body ends with the connection, so what framed it is left out. */
function headOf({ statusCode = 502, statusMessage, rawHeaders }: IncomingMessage, closes: boolean): string {
  const lines: string[] = [];
  for (let index = 0; index < rawHeaders.length; index += 2) {
    if (closes && /^(connection|keep-alive|transfer-encoding)$/i.test(rawHeaders[index]!)) continue;
    lines.push(`${rawHeaders[index]}: ${rawHeaders[index + 1]}`);
  }
  if (closes) lines.push('Connection: close');
  return [`HTTP/1.1 ${statusCode} ${statusMessage || STATUS_CODES[statusCode] || ''}`, ...lines, '', ''].join('\r\n');
}
