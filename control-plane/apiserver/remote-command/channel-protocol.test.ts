import { describe, expect, it } from 'vitest';
import { chooseProtocol, decodeChannelMessage, encodeChannelMessage, protocols } from './channel-protocol.ts';
import { execStatus } from './exec-status.ts';

const byName = (name: string) => protocols.find((protocol) => protocol.name === name)!;

describe('channel protocols', () => {
  it('prefers the newest that the client offers', () => {
    expect(chooseProtocol(['v4.channel.k8s.io', 'v5.channel.k8s.io'])?.name).toBe('v5.channel.k8s.io');
    expect(chooseProtocol(['base64.channel.k8s.io'])?.name).toBe('base64.channel.k8s.io');
    expect(chooseProtocol([])?.name).toBe('channel.k8s.io');
    expect(chooseProtocol(['v9.channel.k8s.io'])).toBeUndefined();
  });

  it.each(protocols.map((protocol) => [protocol.name, protocol] as const))('%s gives back what it encodes', (_name, protocol) => {
    const data = Buffer.from([0, 1, 255]);
    expect(decodeChannelMessage(protocol, Buffer.from(encodeChannelMessage(protocol, 1, data)))).toEqual({ kind: 'data', channel: 1, data });
  });

  it('closes a channel in v5 only', () => {
    expect(decodeChannelMessage(byName('v5.channel.k8s.io'), Buffer.from([255, 0]))).toEqual({ kind: 'close', channel: 0 });
    expect(decodeChannelMessage(byName('v4.channel.k8s.io'), Buffer.from([255, 0]))).toMatchObject({ kind: 'data', channel: 255 });
    expect(decodeChannelMessage(byName('v5.channel.k8s.io'), Buffer.from([255]))).toBeUndefined();
    expect(decodeChannelMessage(byName('v5.channel.k8s.io'), Buffer.alloc(0))).toBeUndefined();
  });
});

describe('execStatus', () => {
  it('says how a command ended', () => {
    expect(execStatus({ exitCode: 0 })).toEqual({ metadata: {}, status: 'Success' });
    expect(execStatus({ exitCode: 3 })).toMatchObject({ status: 'Failure', reason: 'NonZeroExitCode', details: { causes: [{ reason: 'ExitCode', message: '3' }] } });
    expect(execStatus({ error: 'board gone' })).toMatchObject({ status: 'Failure', reason: 'InternalError', message: 'Internal error occurred: board gone' });
  });
});
