/** Writes down what passes through the routes of the API server. Upgraded connections have no route: audit-upgrade.ts. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Status } from '../../api/meta.ts';
import { isLongRunning } from '../apiserver/handlers/resource-handler.ts';
import { maxObjectBytes } from './audit-log.ts';
import type { AuditEntry, Auditor } from './auditor.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Absent: the request is not written down. */
    audit: AuditEntry | undefined;
  }
}

export function registerAudit(app: FastifyInstance, auditor: Auditor): void {
  // After authentication and authorization; who was refused there is seen when the answer goes out.
  app.addHook('preParsing', (request, reply, _payload, done) => {
    begin(auditor, request, reply);
    request.audit?.allowed(request.accessReason ?? '');
    done();
  });
  app.addHook('onSend', (request, reply, payload, done) => {
    if (!request.audit) beginRefused(auditor, request, reply, payload);
    const entry = request.audit;
    if (entry) noteAnswer(entry, request, reply, payload);
    done(null, payload);
  });
}

function begin(auditor: Auditor, request: FastifyRequest, reply: FastifyReply): void {
  const { info, impersonator } = request;
  const user = request.user as FastifyRequest['user'] | null;
  const entry = auditor.begin({ message: request.raw, info, sender: impersonator ?? user ?? undefined, impersonated: impersonator ? request.user : undefined });
  if (!entry) return;
  request.audit = entry;
  void reply.header('audit-id', entry.id);
  // Of those whose client went away too.
  reply.raw.once('close', () => {
    entry.noteRequestBody(request.body);
    entry.complete(reply.raw.statusCode);
  });
}

/** Before its hook: by authentication or authorization, or because it cannot be read. */
function beginRefused(auditor: Auditor, request: FastifyRequest, reply: FastifyReply, payload: unknown): void {
  const info = request.info as FastifyRequest['info'] | null;
  if (!info || request.accessReason !== undefined) return;
  begin(auditor, request, reply);
  if (reply.statusCode === 401) request.audit?.unauthenticated(request.headers.authorization !== undefined);
  else if (reply.statusCode === 403) request.audit?.forbidden(statusIn(payload)?.message ?? '');
}

function noteAnswer(entry: AuditEntry, request: FastifyRequest, reply: FastifyReply, payload: unknown): void {
  const { statusCode } = reply;
  if (statusCode >= 400) entry.status = statusIn(payload);
  if (isLongRunning(request)) entry.started(statusCode);
}

function statusIn(payload: unknown): Status | undefined {
  const object = parsed(payload) as Status | undefined;
  return object?.kind === 'Status' ? object : undefined;
}

/** Errors that were sent as something else than JSON are known by their code. */
function parsed(bytes: unknown): unknown {
  if (!Buffer.isBuffer(bytes) || bytes.length === 0 || bytes.length > maxObjectBytes) return undefined;
  try {
    return JSON.parse(bytes.toString());
  } catch {
    return undefined;
  }
}
