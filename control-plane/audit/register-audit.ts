/** Writes down what passes through the API server, as the policy says. Follows k8s.io/apiserver/pkg/endpoints/filters/audit. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { microTimestamp, type Clock } from '../../machinery/clock.ts';
import type { UserInfo } from '../registry/registry.ts';
import type { AuditLog } from './audit-log.ts';
import { auditLevelOf, type AuditPolicy, type AuditStage } from './audit-policy.ts';

export interface AuditOptions {
  policy: AuditPolicy;
  log: Pick<AuditLog, 'write'>;
  clock: Pick<Clock, 'now'>;
  newId: () => string;
}

interface Pending {
  base: Record<string, unknown>;
  omitStages: readonly AuditStage[];
  level: string;
  responseObject?: unknown;
}

/** Larger answers are not written down. */
const maxBodyBytes = 256 * 1024;

export function registerAudit(app: FastifyInstance, { policy, log, clock, newId }: AuditOptions): void {
  const pending = new WeakMap<FastifyRequest, Pending>();
  const write = (entry: Pending, stage: AuditStage, more: object = {}): void => {
    if (entry.omitStages.includes(stage)) return;
    log.write({ ...entry.base, stage, stageTimestamp: microTimestamp(clock.now()), ...more });
  };
  // After authentication and authorization; who was refused there is seen in onResponse.
  const begin = (request: FastifyRequest): Pending | undefined => {
    const known = pending.get(request);
    if (known) return known;
    const { info } = request;
    const user = (request.impersonator ?? request.user) as UserInfo | null;
    if (!user) return undefined;
    const resource = info.isResource ? { group: info.group, resource: info.resource, subresource: info.subresource, namespace: info.namespace, name: info.name } : undefined;
    const { level, omitStages } = auditLevelOf(policy, { user, verb: info.verb, path: info.path, ...(resource ? { resource } : {}) });
    if (level === 'None') return undefined;
    const entry: Pending = { level, omitStages, base: baseOf(request, { level, user, id: newId(), received: microTimestamp(clock.now()) }) };
    pending.set(request, entry);
    return entry;
  };
  app.addHook('preParsing', (request, _reply, _payload, done) => {
    const entry = begin(request);
    if (entry) write(entry, 'RequestReceived');
    done();
  });
  app.addHook('onSend', (request, _reply, payload, done) => {
    const entry = pending.get(request);
    if (entry?.level === 'RequestResponse' && Buffer.isBuffer(payload) && payload.length <= maxBodyBytes) entry.responseObject = parsed(payload);
    done(null, payload);
  });
  app.addHook('onResponse', (request, reply, done) => {
    const entry = begin(request);
    if (entry) write(entry, 'ResponseComplete', { responseStatus: { metadata: {}, code: reply.statusCode }, ...bodiesOf(entry, request) });
    pending.delete(request);
    done();
  });
}

function bodiesOf(entry: Pending, { body }: FastifyRequest): object {
  if (entry.level === 'Metadata') return {};
  const requestObject = Buffer.isBuffer(body) && body.length > 0 && body.length <= maxBodyBytes ? parsed(body) : undefined;
  return { ...(requestObject === undefined ? {} : { requestObject }), ...(entry.responseObject === undefined ? {} : { responseObject: entry.responseObject }) };
}

function baseOf(request: FastifyRequest, { level, user, id, received }: { level: string; user: UserInfo; id: string; received: string }): Record<string, unknown> {
  const { info } = request;
  return {
    kind: 'Event', apiVersion: 'audit.k8s.io/v1', level, auditID: id, requestURI: request.url, verb: info.verb,
    user: { username: user.name, ...(user.uid ? { uid: user.uid } : {}), groups: user.groups, ...(user.extra ? { extra: user.extra } : {}) },
    ...(request.impersonator ? { impersonatedUser: { username: request.user.name, groups: request.user.groups } } : {}),
    sourceIPs: [request.ip], userAgent: request.headers['user-agent'],
    ...(info.isResource ? {
      objectRef: {
        resource: info.resource, ...(info.namespace ? { namespace: info.namespace } : {}), ...(info.name ? { name: info.name } : {}),
        ...(info.group ? { apiGroup: info.group } : {}), apiVersion: info.version, ...(info.subresource ? { subresource: info.subresource } : {}),
      },
    } : {}),
    requestReceivedTimestamp: received,
  };
}

/** What is no JSON (protobuf, logs) is left out. */
function parsed(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString());
  } catch {
    return undefined;
  }
}
