/** The audit events of one request, as the policy says. Follows k8s.io/apiserver/pkg/audit and its endpoint filter. */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { KubernetesObject, Status } from '../../api/meta.ts';
import { microTimestamp, type Clock } from '../../machinery/clock.ts';
import type { RequestInfo } from '../apiserver/request-info.ts';
import type { UserInfo } from '../registry/registry.ts';
import { maxObjectBytes, truncatedAnnotation, type AuditLog } from './audit-log.ts';
import { auditLevelOf, type AuditDecision, type AuditLevel, type AuditPolicy, type AuditStage } from './audit-policy.ts';

export interface AuditOptions {
  policy: AuditPolicy;
  log: Pick<AuditLog, 'write'>;
  clock: Pick<Clock, 'now'>;
  newId: () => string;
}

export interface AuditedRequest {
  message: IncomingMessage;
  info: RequestInfo;
  /** Who sent it; undefined where nobody knows. */
  sender: UserInfo | undefined;
  /** Whom it acts as, where that is somebody else. */
  impersonated?: UserInfo | undefined;
}

const idForm = /^[\x21-\x7e]{1,64}$/;
const decisionAnnotation = 'authorization.k8s.io/decision';
const reasonAnnotation = 'authorization.k8s.io/reason';

/** What the client calls the request where it may, else a new name. */
export function auditIdOf(given: string | string[] | undefined, newId: () => string = randomUUID): string {
  return typeof given === 'string' && idForm.test(given) ? given : newId();
}

export class Auditor {
  private readonly options: AuditOptions;

  constructor(options: AuditOptions) {
    this.options = options;
  }

  /** Writes that the request came. @returns undefined where the policy asks for nothing. */
  begin(request: AuditedRequest): AuditEntry | undefined {
    const { policy, clock, newId } = this.options;
    const { info, message } = request;
    const resource = info.isResource ? { group: info.group, resource: info.resource, subresource: info.subresource, namespace: info.namespace, name: info.name } : undefined;
    const user = request.sender ?? { name: '', groups: [] };
    const decision = auditLevelOf(policy, { user, verb: info.verb, path: info.path, ...(resource ? { resource } : {}) });
    const { level } = decision;
    if (level === 'None') return undefined;
    const id = auditIdOf(message.headers['audit-id'], newId);
    const entry = new AuditEntry({ decision, id, base: baseOf(request, level, id, microTimestamp(clock.now())), options: this.options });
    // Of those who are not known only the refusal is written.
    if (request.sender) entry.received();
    return entry;
  }
}

interface EntryParts {
  decision: AuditDecision;
  id: string;
  base: Record<string, unknown>;
  options: AuditOptions;
}

export class AuditEntry {
  /** Facts for the log beside the request: admission and authorization write them. */
  readonly annotations: Record<string, string> = {};
  private requestObject: unknown;
  private responseObject: unknown;
  /** What the body says of the object that the path does not: the name of one that is created. */
  private named: Partial<Record<'namespace' | 'name' | 'uid' | 'resourceVersion', string>> = {};
  /** Of a refusal. */
  status: Status | undefined;
  private readonly parts: EntryParts;
  private stage: AuditStage | undefined;
  private code = 0;

  constructor(parts: EntryParts) {
    this.parts = parts;
  }

  get id(): string {
    return this.parts.id;
  }

  get level(): AuditLevel {
    return this.parts.decision.level;
  }

  /** @param object decoded; it may be changed afterwards. @param bytes that it had on the wire. */
  noteRequest(object: unknown, bytes: number): void {
    const { namespace, name, uid, resourceVersion } = (object as Partial<KubernetesObject> | null)?.metadata ?? {};
    this.named = { ...(namespace ? { namespace } : {}), ...(name ? { name } : {}), ...(uid ? { uid } : {}), ...(resourceVersion ? { resourceVersion } : {}) };
    if (this.level === 'Metadata') return;
    if (bytes > maxObjectBytes) this.leaveOut();
    else this.requestObject = structuredClone(object);
  }

  /** A body that is no object: a patch, or what could not be decoded. What is no JSON is left out. */
  noteRequestBody(bytes: unknown): void {
    if (this.level === 'Metadata' || this.requestObject !== undefined || !Buffer.isBuffer(bytes)) return;
    if (bytes.length > maxObjectBytes) this.leaveOut();
    else this.requestObject = parseJson(bytes);
  }

  /** @param object or the bytes of its JSON; frozen or nobody else's. */
  noteResponse(object: unknown): void {
    if (this.level !== 'RequestResponse') return;
    if (!Buffer.isBuffer(object)) this.responseObject = object;
    else if (object.length > maxObjectBytes) this.leaveOut();
    else this.responseObject = parseJson(object);
  }

  /** Too large for the log. */
  leaveOut(): void {
    if (this.level !== 'Metadata') this.annotations[truncatedAnnotation] = 'true';
  }

  allowed(reason: string): void {
    this.annotations[decisionAnnotation] = 'allow';
    this.annotations[reasonAnnotation] = reason;
  }

  forbidden(reason: string): void {
    this.annotations[decisionAnnotation] = 'forbid';
    this.annotations[reasonAnnotation] = reason;
  }

  received(): void {
    this.write('RequestReceived');
  }

  /** The head of an answer that lasts is out: of watches, followed logs and upgraded connections. */
  started(code: number): void {
    if (this.stage === 'ResponseStarted' || this.stage === 'ResponseComplete') return;
    this.code = code;
    this.write('ResponseStarted', { responseStatus: this.statusOf(code), ...this.requestBody() });
  }

  /** Nobody knows who asks. */
  unauthenticated(attempted: boolean): void {
    const message = attempted ? 'Authentication failed, attempted: bearer' : 'Authentication failed, no credentials provided';
    this.write('ResponseStarted', { responseStatus: { metadata: {}, message, code: 401 } });
    this.stage = 'ResponseComplete';
  }

  /** @param code of the answer; of one that had begun it stays what it was. */
  complete(code: number): void {
    if (this.stage === 'ResponseComplete') return;
    const response = this.level === 'RequestResponse' && this.responseObject !== undefined ? { responseObject: this.shown(this.responseObject) } : {};
    this.write('ResponseComplete', { responseStatus: this.statusOf(this.code || code), ...this.requestBody(), ...response });
  }

  /** Answered with an error. */
  refuse(status: Status): void {
    this.status = status;
    this.complete(status.code ?? 500);
  }

  private requestBody(): object {
    return this.level === 'Metadata' || this.requestObject === undefined ? {} : { requestObject: this.shown(this.requestObject) };
  }

  private shown(object: unknown): unknown {
    return this.parts.decision.omitManagedFields ? withoutManagedFields(object) : object;
  }

  private statusOf(code: number): object {
    const { status, reason, message, details } = this.status ?? {};
    return { metadata: {}, ...(status ? { status } : {}), ...(message ? { message } : {}), ...(reason ? { reason } : {}), ...(details ? { details } : {}), code };
  }

  private write(stage: AuditStage, more: object = {}): void {
    this.stage = stage;
    const { decision, base, options: { log, clock } } = this.parts;
    if (decision.omitStages.includes(stage)) return;
    const annotations = Object.keys(this.annotations).length > 0 ? { annotations: this.annotations } : {};
    const objectRef = base['objectRef'] ? { objectRef: { ...this.named, ...base['objectRef'] } } : {};
    log.write({ ...base, ...objectRef, stage, stageTimestamp: microTimestamp(clock.now()), ...more, ...annotations });
  }
}

/** @returns undefined for what is none: protobuf, logs. */
function parseJson(bytes: Buffer): unknown {
  try {
    return bytes.length === 0 ? undefined : JSON.parse(bytes.toString()) as unknown;
  } catch {
    return undefined;
  }
}

/** Of an object, and of each of a list. */
function withoutManagedFields(object: unknown): unknown {
  if (typeof object !== 'object' || object === null) return object;
  const { metadata, items } = object as { metadata?: { managedFields?: unknown } | null; items?: unknown };
  const { managedFields: _, ...rest } = metadata ?? {};
  return { ...object, ...(metadata ? { metadata: rest } : {}), ...(Array.isArray(items) ? { items: items.map(withoutManagedFields) } : {}) };
}

function baseOf({ message, info, sender, impersonated }: AuditedRequest, level: AuditLevel, id: string, received: string): Record<string, unknown> {
  return {
    kind: 'Event', apiVersion: 'audit.k8s.io/v1', level, auditID: id, requestURI: message.url, verb: info.verb,
    user: sender ? describeUser(sender) : {},
    ...(impersonated ? { impersonatedUser: describeUser(impersonated) } : {}),
    sourceIPs: [message.socket.remoteAddress], userAgent: message.headers['user-agent'],
    ...(info.isResource ? {
      objectRef: {
        resource: info.resource, ...(info.namespace ? { namespace: info.namespace } : {}), ...(info.name ? { name: info.name } : {}),
        ...(info.group ? { apiGroup: info.group } : {}), apiVersion: info.version, ...(info.subresource ? { subresource: info.subresource } : {}),
      },
    } : {}),
    requestReceivedTimestamp: received,
  };
}

function describeUser({ name, uid, groups, extra }: UserInfo): object {
  return { username: name, ...(uid ? { uid } : {}), groups, ...(extra ? { extra } : {}) };
}
