import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  MessageError, decodeHeartbeat, decodeRegisterReply, decodeRegisterRequest, decodeStateMessage, decodeStatusReply, decodeStatusReport, decodeStreamReply,
  decodeStreamRequest, decodeSyncRequest, encodeMessage,
} from './decode.ts';
import { maxMessageBytes } from './messages.ts';

const network = { podCIDR: '198.18.1.0/24', clusterCIDR: '198.18.0.0/16', serviceCIDR: '198.19.0.0/16', dnsAddress: '198.19.0.10', clusterDomain: 'cluster.local' };
const logs = { id: 'a1', kind: 'logs', namespace: 'n', pod: 'p', uid: 'u', container: 'c', options: { follow: true, previous: false, timestamps: false, tailLines: 10 } };
const exec = { ...logs, kind: 'exec', options: { command: ['ls'], stdin: false, stdout: true, stderr: true, tty: false } };
const attach = { ...logs, kind: 'attach', options: { stdin: true, stdout: true, stderr: false } };
const port = { ...logs, kind: 'port', options: { port: 80 } };
const state = { epoch: 'e', from: 0, to: 3, part: 0, more: true, upserts: [{ kind: 'Pod', object: { metadata: { name: 'p' } } }], removes: ['Pod/n/q'] };
const report = { pods: [{ namespace: 'n', name: 'p', uid: 'u', status: { phase: 'Running' } }], events: [{ involvedObject: {}, type: 'Normal', reason: 'r', message: 'm' }], node: {} };

const decoders = {
  RegisterRequest: [decodeRegisterRequest, { node: { metadata: { name: 'board' } }, agentVersion: '1' }],
  RegisterReply: [decodeRegisterReply, { network }],
  Heartbeat: [decodeHeartbeat, { e: 'e', r: 1 }],
  SyncRequest: [decodeSyncRequest, { epoch: 'e', revision: 0 }],
  StateMessage: [decodeStateMessage, state],
  StatusReport: [decodeStatusReport, report],
  StatusReply: [decodeStatusReply, { unknown: ['u'] }],
  'StreamRequest of logs': [decodeStreamRequest, logs],
  'StreamRequest of exec': [decodeStreamRequest, exec],
  'StreamRequest of attach': [decodeStreamRequest, attach],
  'StreamRequest of a port': [decodeStreamRequest, port],
  StreamReply: [decodeStreamReply, { error: { code: 404, message: 'm' } }],
} as const;

describe.each(Object.entries(decoders))('%s', (_name, [decode, message]) => {
  test('survives the wire', () => expect(decode(Buffer.from(encodeMessage(message)))).toEqual(message));

  test.each([['nothing', ''], ['no JSON', '{'], ['a list', '[]'], ['null', 'null'], ['invalid UTF-8', Buffer.from([0x22, 0xff, 0x22])]])('is not %s', (_what, data) => {
    expect(() => decode(Buffer.from(data as string))).toThrow(MessageError);
  });

  test('is refused when it is bigger than a message can be, without being read', () => {
    expect(() => decode(Buffer.alloc(maxMessageBytes + 1, ' '))).toThrow(`has ${maxMessageBytes + 1} bytes, more than ${maxMessageBytes}`);
  });

  test('any JSON is decoded or refused as a message', () => {
    fc.assert(fc.property(fc.jsonValue(), fc.constantFrom(...Object.keys(message)), (value, field) => {
      for (const candidate of [value, { ...message, [field]: value }]) {
        try {
          decode(Buffer.from(JSON.stringify(candidate)));
        } catch (error) {
          expect(error).toBeInstanceOf(MessageError);
        }
      }
    }));
  });
});

test.each<[string, (data: Uint8Array) => unknown, object]>([
  ['RegisterRequest: agentVersion is not a string', decodeRegisterRequest, { node: { metadata: { name: 'b' } } }],
  ['RegisterReply: neither network nor error', decodeRegisterReply, {}],
  ['RegisterReply: network: podCIDR is not a string', decodeRegisterReply, { network: {} }],
  ['Heartbeat: r is not a count', decodeHeartbeat, { e: 'e', r: -1 }],
  ['SyncRequest: revision is not a count', decodeSyncRequest, { epoch: 'e', revision: 1.5 }],
  ['StateMessage: upserts is not a list', decodeStateMessage, { ...state, upserts: {} }],
  ['StateMessage: upsert: name is not a string', decodeStateMessage, { ...state, upserts: [{ kind: 'Pod', object: { metadata: {} } }] }],
  ['StateMessage: removes is not a list of strings', decodeStateMessage, { ...state, removes: [1] }],
  ['StatusReport: pod: uid is not a string', decodeStatusReport, { pods: [{ namespace: 'n', name: 'p' }] }],
  ['StatusReport: event.involvedObject is not an object', decodeStatusReport, { pods: [], events: [{ type: 'a', reason: 'b', message: 'c' }] }],
  ['StatusReply: unknown is not a list of strings', decodeStatusReply, { unknown: [1] }],
  ['StreamRequest: unknown kind dance', decodeStreamRequest, { ...logs, kind: 'dance' }],
  ['StreamRequest: id is not a token', decodeStreamRequest, { ...logs, id: 'a.>' }],
  ['StreamRequest: options: follow is not a boolean', decodeStreamRequest, { ...logs, options: {} }],
  ['StreamRequest: options: tailLines is not a count', decodeStreamRequest, { ...logs, options: { ...logs.options, tailLines: '5' } }],
  ['StreamRequest: command is not a list of strings', decodeStreamRequest, { ...exec, options: { ...exec.options, command: [1] } }],
  ['StreamRequest: options: stdin is not a boolean', decodeStreamRequest, { ...attach, options: {} }],
  ['StreamRequest: options: port is not a count', decodeStreamRequest, { ...port, options: { port: -1 } }],
  ['StreamRequest: 65536 is no port', decodeStreamRequest, { ...port, kind: 'node', options: { port: 65_536 } }],
  ['StreamReply: error: code is not a count', decodeStreamReply, { error: { message: 'm' } }],
])('%s', (why, decode, message) => expect(() => decode(Buffer.from(JSON.stringify(message)))).toThrow(why));

test('a message of a newer version is understood: unknown fields stay, unknown kinds are left out', () => {
  expect(decodeRegisterReply(Buffer.from(JSON.stringify({ network, later: 1 })))).toEqual({ network, later: 1 });
  const newer = { ...state, upserts: [...state.upserts, { kind: 'Gadget', object: {} }] };
  expect(decodeStateMessage(Buffer.from(JSON.stringify(newer)))).toEqual(state);
});
