/** Writes down connections that leave HTTP: commands, forwarded ports, proxied and WebSocket watches. */
import type { Duplex } from 'node:stream';
import type { Access, AccessRequest } from '../apiserver/access.ts';
import type { StatusError } from '../../api/errors.ts';
import type { AuditEntry, Auditor } from './auditor.ts';

/** @returns undefined where the policy asks for nothing. */
export function auditUpgrade(auditor: Auditor | undefined, { request }: AccessRequest, access: Access, socket: Duplex): AuditEntry | undefined {
  const { user, impersonator, info, reason } = access;
  const entry = auditor?.begin({ message: request, info, sender: impersonator ?? user, impersonated: impersonator ? user : undefined });
  if (!entry) return undefined;
  entry.allowed(reason);
  // Where nothing was answered before, the client went away.
  socket.once('close', () => entry.complete(0));
  return entry;
}

/** Of who was not let in. */
export function auditRefusedUpgrade(auditor: Auditor | undefined, asked: AccessRequest, failure: StatusError): void {
  const { sender, user, info, request } = asked;
  const entry = auditor?.begin({ message: request, info, sender, impersonated: user === sender ? undefined : user });
  if (!entry) return;
  if (failure.code === 401) {
    entry.unauthenticated(request.headers.authorization !== undefined);
    return;
  }
  if (failure.code === 403) entry.forbidden(failure.message);
  entry.refuse(failure.status);
}
