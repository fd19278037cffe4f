/** Payload bytes ↔ messages. What is not of the shape that messages.ts names is refused; unknown fields are let through. */
import { maxMessageBytes } from './messages.ts';
import type {
  Heartbeat, PodReport, RegisterReply, RegisterRequest, StateMessage, StateObject, StatusReply, StatusReport, StreamReply, StreamRequest, SyncRequest,
} from './messages.ts';

/** The bytes are not the message they should be. */
export class MessageError extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'MessageError';
  }
}

type Fields = Record<string, unknown>;

const utf8 = new TextDecoder('utf-8', { fatal: true });

export function encodeMessage(message: object): string {
  return JSON.stringify(message);
}

function decodeFields(what: string, data: Uint8Array): Fields {
  if (data.byteLength > maxMessageBytes) throw new MessageError(`${what} has ${data.byteLength} bytes, more than ${maxMessageBytes}`);
  let value: unknown;
  try {
    value = JSON.parse(utf8.decode(data));
  } catch (error) {
    throw new MessageError(`${what} is not JSON`, { cause: error });
  }
  return fieldsOf(what, value);
}

function fieldsOf(what: string, value: unknown): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new MessageError(`${what} is not an object`);
  return value as Fields;
}

function text(what: string, fields: Fields, name: string): string {
  const value = fields[name];
  if (typeof value !== 'string') throw new MessageError(`${what}: ${name} is not a string`);
  return value;
}

function count(what: string, fields: Fields, name: string): number {
  const value = fields[name];
  if (!Number.isSafeInteger(value) || (value as number) < 0) throw new MessageError(`${what}: ${name} is not a count`);
  return value as number;
}

function list(what: string, fields: Fields, name: string): unknown[] {
  const value = fields[name];
  if (!Array.isArray(value)) throw new MessageError(`${what}: ${name} is not a list`);
  return value;
}

function optional(what: string, fields: Fields, name: string, type: 'string' | 'boolean'): void {
  if (fields[name] !== undefined && typeof fields[name] !== type) throw new MessageError(`${what}: ${name} is not a ${type}`);
}

/** @throws MessageError, like every function here. */
export function decodeRegisterRequest(data: Uint8Array): RegisterRequest {
  const fields = decodeFields('RegisterRequest', data);
  text('RegisterRequest', fields, 'agentVersion');
  text('RegisterRequest', fieldsOf('RegisterRequest: node.metadata', fieldsOf('RegisterRequest: node', fields['node'])['metadata']), 'name');
  return fields as unknown as RegisterRequest;
}

export function decodeRegisterReply(data: Uint8Array): RegisterReply {
  const fields = decodeFields('RegisterReply', data);
  optional('RegisterReply', fields, 'error', 'string');
  if (fields['network'] !== undefined) {
    const network = fieldsOf('RegisterReply: network', fields['network']);
    for (const name of ['podCIDR', 'clusterCIDR', 'serviceCIDR', 'dnsAddress', 'clusterDomain']) text('RegisterReply: network', network, name);
  } else if (fields['error'] === undefined) {
    throw new MessageError('RegisterReply: neither network nor error');
  }
  return fields;
}

export function decodeHeartbeat(data: Uint8Array): Heartbeat {
  const fields = decodeFields('Heartbeat', data);
  return { e: text('Heartbeat', fields, 'e'), r: count('Heartbeat', fields, 'r') };
}

export function decodeSyncRequest(data: Uint8Array): SyncRequest {
  const fields = decodeFields('SyncRequest', data);
  return { epoch: text('SyncRequest', fields, 'epoch'), revision: count('SyncRequest', fields, 'revision') };
}

const stateKinds = new Set<unknown>(['Pod', 'ConfigMap', 'Secret', 'Service', 'EndpointSlice', 'Node'] satisfies StateObject['kind'][]);

/** Upserts of a kind that this version does not know are left out. */
export function decodeStateMessage(data: Uint8Array): StateMessage {
  const fields = decodeFields('StateMessage', data);
  const upserts = list('StateMessage', fields, 'upserts').map((upsert) => fieldsOf('StateMessage: upsert', upsert)).filter((upsert) => stateKinds.has(upsert['kind']));
  for (const upsert of upserts) {
    text('StateMessage: upsert', fieldsOf('StateMessage: upsert.object.metadata', fieldsOf('StateMessage: upsert.object', upsert['object'])['metadata']), 'name');
  }
  const removes = list('StateMessage', fields, 'removes');
  if (removes.some((key) => typeof key !== 'string')) throw new MessageError('StateMessage: removes is not a list of strings');
  optional('StateMessage', fields, 'more', 'boolean');
  return {
    epoch: text('StateMessage', fields, 'epoch'),
    from: count('StateMessage', fields, 'from'),
    to: count('StateMessage', fields, 'to'),
    part: count('StateMessage', fields, 'part'),
    ...(fields['more'] === true ? { more: true } : {}),
    upserts: upserts as unknown as StateObject[],
    removes: removes as string[],
  };
}

export function decodeStatusReport(data: Uint8Array): StatusReport {
  const fields = decodeFields('StatusReport', data);
  const pods = list('StatusReport', fields, 'pods').map((pod): PodReport => {
    const report = fieldsOf('StatusReport: pod', pod);
    for (const name of ['namespace', 'name', 'uid']) text('StatusReport: pod', report, name);
    if (report['status'] !== undefined) fieldsOf('StatusReport: pod.status', report['status']);
    optional('StatusReport: pod', report, 'terminated', 'boolean');
    return report as unknown as PodReport;
  });
  if (fields['node'] !== undefined) fieldsOf('StatusReport: node', fields['node']);
  if (fields['events'] !== undefined) {
    for (const entry of list('StatusReport', fields, 'events')) {
      const event = fieldsOf('StatusReport: event', entry);
      for (const name of ['type', 'reason', 'message']) text('StatusReport: event', event, name);
      fieldsOf('StatusReport: event.involvedObject', event['involvedObject']);
    }
  }
  return { ...(fields as unknown as StatusReport), pods };
}

export function decodeStatusReply(data: Uint8Array): StatusReply {
  const fields = decodeFields('StatusReply', data);
  optional('StatusReply', fields, 'error', 'string');
  if (fields['unknown'] !== undefined && list('StatusReply', fields, 'unknown').some((uid) => typeof uid !== 'string')) {
    throw new MessageError('StatusReply: unknown is not a list of strings');
  }
  return fields;
}

/** Options of a stream by their types: flags are required, counts are not. */
const streamOptions = {
  logs: { flags: ['follow', 'previous', 'timestamps'], counts: ['tailLines', 'sinceSeconds', 'limitBytes'] },
  exec: { flags: ['stdin', 'stdout', 'stderr', 'tty'], counts: [] },
  attach: { flags: ['stdin', 'stdout', 'stderr'], counts: [] },
  port: { flags: [], counts: ['port'] },
  node: { flags: [], counts: ['port'] },
} as const;

function isStreamKind(kind: unknown): kind is keyof typeof streamOptions {
  return typeof kind === 'string' && Object.hasOwn(streamOptions, kind);
}

export function decodeStreamRequest(data: Uint8Array): StreamRequest {
  const fields = decodeFields('StreamRequest', data);
  for (const name of ['id', 'kind', 'namespace', 'pod', 'uid', 'container']) text('StreamRequest', fields, name);
  const options = fieldsOf('StreamRequest: options', fields['options']);
  if (!isStreamKind(fields['kind'])) throw new MessageError(`StreamRequest: unknown kind ${String(fields['kind'])}`);
  if (!/^[A-Za-z0-9]{1,64}$/.test(fields['id'] as string)) throw new MessageError('StreamRequest: id is not a token');
  const { flags, counts } = streamOptions[fields['kind']];
  for (const name of flags) if (typeof options[name] !== 'boolean') throw new MessageError(`StreamRequest: options: ${name} is not a boolean`);
  for (const name of counts) if (options[name] !== undefined) count('StreamRequest: options', options, name);
  optional('StreamRequest: options', options, 'sinceTime', 'string');
  optional('StreamRequest: options', options, 'loopback', 'boolean');
  if (fields['kind'] === 'port' || fields['kind'] === 'node') {
    const { port } = options as { port?: number };
    if (port === undefined) throw new MessageError('StreamRequest: options: port is not a count');
    if (port < 1 || port > 65_535) throw new MessageError(`StreamRequest: ${port} is no port`);
  }
  if (fields['kind'] === 'exec') {
    if (list('StreamRequest: options', options, 'command').some((word) => typeof word !== 'string')) throw new MessageError('StreamRequest: command is not a list of strings');
  }
  return fields as unknown as StreamRequest;
}

export function decodeStreamReply(data: Uint8Array): StreamReply {
  const fields = decodeFields('StreamReply', data);
  if (fields['error'] !== undefined) {
    const error = fieldsOf('StreamReply: error', fields['error']);
    count('StreamReply: error', error, 'code');
    text('StreamReply: error', error, 'message');
  }
  return fields;
}
